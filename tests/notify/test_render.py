"""Mails as their readers see them: who asks what before when, why, and what hangs on it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from regie.core.definition import Kind
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.lines import ACCEPTED, TURNED_DOWN, WHOLE_CYCLE, Line
from regie.core.told import THREAT
from regie.core.traject import State
from regie.notify.page import WIDTH
from regie.notify.render import LONGEST_SEEN, LONGEST_SUBJECT, Rendered, render
from regie.text.letter import Letter
from regie.text.lines import ASKING
from tests.support.builders import key
from tests.text.town import TOKEN, days, keys, letter, line, paragraphs, part, town_definition

D = date.fromisoformat
BASE = "https://regie.gemeente.example/"
LEAD = {"name": "Fatma Yildiz", "email": "fatma@gemeente.example"}


def mail(*lines: Line, language: str = "nl", base_url: str = "", **more: Any) -> Rendered:
    reader = {name: more.pop(name) for name in ("name", "email", "is_digest", "deputy_names") if name in more}
    return render(letter(part(*lines, **more), language=language, **reader), base_url=base_url)


def first_words(rendered: Rendered) -> str:
    """The first paragraph after the greeting."""
    return paragraphs(rendered.text)[1]


# --- one mail from top to bottom ----------------------------------------------------------------------


def test_a_mail_about_one_step_reads_from_top_to_bottom() -> None:
    ready = line(Kind.READY, "visie", due="2027-02-04", waits_for=keys("raming"), waited_by=keys("nota", "informeren"))
    expected = days({"raming": "2027-01-20", "nota": "2027-02-11", "informeren": "2027-02-08"})

    rendered = mail(ready, base_url=BASE, finishes=expected, states={key("raming"): State.DONE})

    assert rendered.subject == "U kunt beginnen: Visie vaststellen - Opvang De Wilg"
    assert (
        rendered.text
        == """\
Beste Joost van Dam,

Fatma Yildiz vraagt u om 'Visie vaststellen' te doen, uiterlijk
donderdag 4 februari 2027. U kunt nu beginnen.

U krijgt dit bericht omdat u deze stap uitvoert (Beleidsadviseur).

Traject: Opvang De Wilg
Wanneer klaar: Het college stelde de visie vast.
Uiterlijk: donderdag 4 februari 2027
Hangt af van: Raming maken (Joost van Dam, klaar op 20 januari 2027)
Hierop wachten:
- Nota schrijven (Fatma Yildiz, verwacht 11 februari 2027)
- Omwonenden informeren (Marieke Smit, verwacht 8 februari 2027)

Wat kunt u doen?
----------------
Open uw vraag en antwoord: klaar, een andere datum, niet voor u, of een
vraag. De link is alleen voor u:
https://regie.gemeente.example/actie/mfrggzdfmztwq2lkmfrggzdfmztwq2lk

Of antwoord op deze mail. Fatma Yildiz leest uw antwoord.

Met vriendelijke groet,

Fatma Yildiz
Projectleider

--\x20
Zet geen gegevens over bewoners in uw antwoord.
Regie stuurde deze mail namens Fatma Yildiz.
Kenmerk: 7f3a-21
"""
    )


def test_the_same_mail_in_english() -> None:
    ready = line(Kind.READY, "visie", due="2027-02-04", waited_by=keys("nota"))

    rendered = mail(ready, language="en", base_url=BASE, finishes=days({"nota": "2027-02-11"}))

    assert rendered.subject == "You can start: Adopt the vision - Opvang De Wilg"
    assert (
        rendered.text
        == """\
Dear Joost van Dam,

Fatma Yildiz asks you to do 'Adopt the vision', by Thursday 4 February
2027. You can start now.

You get this message because you carry out this step (Policy adviser).

Project: Opvang De Wilg
Done when: The executive adopted the vision.
Due: Thursday 4 February 2027
Waiting for this: Write the note (Fatma Yildiz, expected 11 February
2027)

What can you do?
----------------
Open your request and answer: done, another date, not for you, or a
question. The link is for you only:
https://regie.gemeente.example/actie/mfrggzdfmztwq2lkmfrggzdfmztwq2lk

Or reply to this mail. Fatma Yildiz reads your answer.

Kind regards,

Fatma Yildiz
Project lead

--\x20
Please put no data about residents in your answer.
Regie sent this mail on behalf of Fatma Yildiz.
Reference: 7f3a-21
"""
    )


# --- what each kind says first ------------------------------------------------------------------------

MOVED: dict[str, Any] = {"old_on": D("2027-06-03"), "due": "2027-07-01", "working_days": 20}
PROPOSED: dict[str, Any] = {
    "due": "2027-02-18",
    "old_on": D("2027-02-04"),
    "promised_on": D("2027-02-08"),
    "legal_on": D("2027-03-01"),
    "moves": 4,
    "part": "lead",
    "role": "lead",
    "happening": "7",
}


@pytest.mark.parametrize(
    ("told", "subject", "dutch", "english"),
    [
        pytest.param(
            line(Kind.READY, "visie"),
            "U kunt beginnen: Visie vaststellen",
            "Fatma Yildiz vraagt u om 'Visie vaststellen' te doen, uiterlijk donderdag 4 februari 2027. U kunt nu beginnen.",
            "Fatma Yildiz asks you to do 'Adopt the vision', by Thursday 4 February 2027. You can start now.",
            id="ready",
        ),
        pytest.param(
            line(Kind.READY, "visie", due=""),
            "U kunt beginnen: Visie vaststellen",
            "Fatma Yildiz vraagt u om 'Visie vaststellen' te doen. U kunt nu beginnen.",
            "Fatma Yildiz asks you to do 'Adopt the vision'. You can start now.",
            id="ready-without-a-date",
        ),
        pytest.param(
            line(Kind.DUE_SOON, "visie"),
            "Bijna tijd: Visie vaststellen",
            "Fatma Yildiz vraagt u om 'Visie vaststellen' af te ronden, uiterlijk donderdag 4 februari 2027.",
            "Fatma Yildiz asks you to finish 'Adopt the vision', by Thursday 4 February 2027.",
            id="due-soon",
        ),
        pytest.param(
            line(Kind.DUE, "visie"),
            "Vandaag: Visie vaststellen",
            "Fatma Yildiz vraagt u om 'Visie vaststellen' vandaag af te ronden (donderdag 4 februari 2027).",
            "Fatma Yildiz asks you to finish 'Adopt the vision' today (Thursday 4 February 2027).",
            id="due",
        ),
        pytest.param(
            line(Kind.OVERDUE, "visie"),
            "Te laat: Visie vaststellen",
            "Fatma Yildiz vraagt u wanneer 'Visie vaststellen' klaar is. Het had op donderdag 4 februari 2027 klaar moeten zijn.",
            "Fatma Yildiz asks you when 'Adopt the vision' will be done. It was due on Thursday 4 February 2027.",
            id="overdue",
        ),
        pytest.param(
            line(Kind.ESCALATED, "visie", part="accountable", role="wethouder", rung=1),
            "Vraagt uw aandacht: Visie vaststellen",
            "Fatma Yildiz vraagt uw hulp bij 'Visie vaststellen'. Het had op donderdag 4 februari 2027 klaar moeten zijn "
            "en is nog niet af.",
            "Fatma Yildiz asks for your help with 'Adopt the vision'. It was due on Thursday 4 February 2027 and is not finished.",
            id="escalated",
        ),
        pytest.param(
            line(
                Kind.ESCALATED,
                "instroom",
                part="lead",
                role="lead",
                rung=THREAT,
                cause="anchor:opening",
                working_days=14,
            ),
            "Lukt niet op tijd: Opening (4 februari 2027)",
            "'Opening' op donderdag 4 februari 2027 lukt niet: het plan komt 14 werkdagen te laat uit. "
            "Kijk welke stappen sneller kunnen, of kies een nieuwe datum.",
            "'Opening' on Thursday 4 February 2027 cannot be in time: the plan comes out 14 working days late. "
            "See which steps can go faster, or choose a new date.",
            id="threat-to-an-anchor",
        ),
        pytest.param(
            line(Kind.ESCALATED, "vergunning", part="lead", role="lead", rung=THREAT, working_days=1),
            "Wettelijke termijn lukt niet: Vergunning krijgen (4 februari 2027)",
            "De wettelijke termijn van 'Vergunning krijgen' loopt af op donderdag 4 februari 2027. "
            "Het plan komt 1 werkdag te laat uit. Kijk welke stappen sneller kunnen.",
            "The legal term of 'Get the permit' ends on Thursday 4 February 2027. The plan comes out 1 working day late. "
            "See which steps can go faster.",
            id="threat-to-a-legal-term",
        ),
        pytest.param(
            line(Kind.DATE_MOVED, "visie", cause="vergunning", **MOVED),
            "Nieuwe datum: Visie vaststellen (was 3 juni 2027, nu 1 juli 2027)",
            "'Visie vaststellen' heeft een nieuwe datum: donderdag 1 juli 2027 (was 3 juni 2027). "
            "Dat is 20 werkdagen later. Dat komt door 'Vergunning krijgen'.",
            "'Adopt the vision' has a new date: Thursday 1 July 2027 (was 3 June 2027). "
            "That is 20 working days later. This is because of 'Get the permit'.",
            id="date-moved-by-a-step",
        ),
        pytest.param(
            line(
                Kind.DATE_MOVED,
                "visie",
                cause="anchor:opening",
                old_on=D("2027-07-01"),
                due="2027-06-03",
                working_days=20,
            ),
            "Nieuwe datum: Visie vaststellen (was 1 juli 2027, nu 3 juni 2027)",
            "'Visie vaststellen' heeft een nieuwe datum: donderdag 3 juni 2027 (was 1 juli 2027). "
            "Dat is 20 werkdagen eerder. Dat komt door de nieuwe datum van 'Opening'.",
            "'Adopt the vision' has a new date: Thursday 3 June 2027 (was 1 July 2027). "
            "That is 20 working days earlier. This is because of the new date of 'Opening'.",
            id="date-moved-by-an-anchor",
        ),
        pytest.param(
            line(Kind.DATE_MOVED, "visie", cause="visie", **MOVED),
            "Nieuwe datum: Visie vaststellen (was 3 juni 2027, nu 1 juli 2027)",
            "'Visie vaststellen' heeft een nieuwe datum: donderdag 1 juli 2027 (was 3 juni 2027). Dat is 20 werkdagen later.",
            "'Adopt the vision' has a new date: Thursday 1 July 2027 (was 3 June 2027). That is 20 working days later.",
            id="date-moved-by-itself",
        ),
        pytest.param(
            line(Kind.DONE, "visie", part="informed", role="school"),
            "Klaar: Visie vaststellen",
            "'Visie vaststellen' is klaar. U hoeft niets te doen.",
            "'Adopt the vision' is done. You need not do anything.",
            id="done",
        ),
        pytest.param(
            line(Kind.DECISION_NEEDED, "besluit", role="wethouder"),
            "Besluit nodig: Raadsbesluit nemen",
            "Fatma Yildiz vraagt u te zorgen voor een besluit over 'Raadsbesluit nemen', uiterlijk donderdag 4 februari 2027.",
            "Fatma Yildiz asks you to see to a decision about 'Decide in council', by Thursday 4 February 2027.",
            id="decision-needed",
        ),
        pytest.param(
            line(Kind.DECISION_TAKEN, "besluit", part="informed", role="school", outcome="go"),
            "Besloten: Raadsbesluit nemen",
            "Er is besloten over 'Raadsbesluit nemen' op donderdag 4 februari 2027: Go.",
            "A decision was taken about 'Decide in council' on Thursday 4 February 2027: Go.",
            id="decision-taken",
        ),
        pytest.param(
            line(Kind.DECISION_TAKEN, "besluit", part="informed", role="school", outcome="no-go"),
            "Besloten: Raadsbesluit nemen",
            "Er is besloten over 'Raadsbesluit nemen' op donderdag 4 februari 2027: No-go. "
            "Daarmee stopt deze doorloop van het traject. U hoeft niets meer te doen.",
            "A decision was taken about 'Decide in council' on Thursday 4 February 2027: No-go. "
            "With that this cycle of the project stops. You need not do anything more.",
            id="decision-that-ends-it",
        ),
        pytest.param(
            line(Kind.DECISION_TAKEN, "besluit", part="informed", role="school", outcome="hold"),
            "Aangehouden: Raadsbesluit nemen",
            "'Raadsbesluit nemen' is aangehouden tot donderdag 4 februari 2027. De stap blijft open.",
            "'Decide in council' is on hold until Thursday 4 February 2027. The step stays open.",
            id="decision-held",
        ),
        pytest.param(
            line(Kind.HANDED_OVER, "visie"),
            "Overgedragen aan u: Visie vaststellen",
            "Fatma Yildiz heeft 'Visie vaststellen' aan u overgedragen, uiterlijk donderdag 4 februari 2027.",
            "Fatma Yildiz handed 'Adopt the vision' over to you, by Thursday 4 February 2027.",
            id="handed-over",
        ),
        pytest.param(
            line(Kind.HANDED_OVER, "visie", cause="p1"),
            "Overgedragen aan u: Visie vaststellen",
            "'Visie vaststellen' is aan u overgedragen, uiterlijk donderdag 4 februari 2027.",
            "'Adopt the vision' was handed over to you, by Thursday 4 February 2027.",
            id="handed-over-by-a-colleague",
        ),
        pytest.param(
            line(Kind.DATE_PROPOSED, "visie", **PROPOSED),
            "Andere datum gevraagd: Visie vaststellen (18 februari 2027)",
            "Joost van Dam (Beleidsadviseur) vraagt een andere datum voor 'Visie vaststellen': donderdag 18 februari 2027. Gaat u akkoord?",
            "Joost van Dam (Policy adviser) asks for another date for 'Adopt the vision': Thursday 18 February 2027. Do you agree?",
            id="date-proposed",
        ),
        pytest.param(
            line(Kind.PROPOSAL_ANSWERED, "visie", due="2027-02-18", old_on=D("2027-02-18"), outcome=ACCEPTED),
            "Antwoord op uw voorstel: Visie vaststellen",
            "Fatma Yildiz gaat akkoord met uw datum voor 'Visie vaststellen': donderdag 18 februari 2027.",
            "Fatma Yildiz agrees with your date for 'Adopt the vision': Thursday 18 February 2027.",
            id="proposal-accepted",
        ),
        pytest.param(
            line(Kind.PROPOSAL_ANSWERED, "visie", old_on=D("2027-02-18"), outcome=TURNED_DOWN),
            "Antwoord op uw voorstel: Visie vaststellen",
            "Fatma Yildiz gaat niet akkoord met 18 februari 2027 voor 'Visie vaststellen'. Het moet uiterlijk donderdag 4 februari 2027 klaar zijn.",
            "Fatma Yildiz does not agree with 18 February 2027 for 'Adopt the vision'. It is due by Thursday 4 February 2027.",
            id="proposal-turned-down",
        ),
        pytest.param(
            line(Kind.DECLINED, "visie", part="lead", role="lead"),
            "Niet van ons: Visie vaststellen",
            "Joost van Dam (Beleidsadviseur) zegt dat 'Visie vaststellen' niet van hen is. Wijs de stap aan iemand toe, of antwoord. Tot dan krijgt u de herinneringen.",
            "Joost van Dam (Policy adviser) says that 'Adopt the vision' is not theirs. Assign it to somebody, or answer. Until then the reminders come to you.",
            id="declined",
        ),
        pytest.param(
            line(Kind.QUESTION_ASKED, "visie", part="lead", role="lead"),
            "Vraag over: Visie vaststellen",
            "Joost van Dam (Beleidsadviseur) heeft een vraag over 'Visie vaststellen'.",
            "Joost van Dam (Policy adviser) has a question about 'Adopt the vision'.",
            id="question-asked",
        ),
        pytest.param(
            line(Kind.QUESTION_ANSWERED, "visie"),
            "Antwoord over: Visie vaststellen",
            "Fatma Yildiz heeft geantwoord over 'Visie vaststellen'.",
            "Fatma Yildiz answered about 'Adopt the vision'.",
            id="question-answered",
        ),
        pytest.param(
            Line(Kind.CYCLE_STARTED, 1, WHOLE_CYCLE, RoleId("ggd"), "ggd"),
            "Begonnen: Opvang De Wilg",
            "Het traject 'Opvang De Wilg' is begonnen. U krijgt bericht zodra u iets kunt doen.",
            "The project 'Opvang De Wilg' has started. You will hear when there is something to do.",
            id="cycle-started",
        ),
    ],
)
def test_the_first_words_say_who_asks_what_before_when(told: Line, subject: str, dutch: str, english: str) -> None:
    assert mail(told).subject == (subject if "De Wilg" in subject else f"{subject} - Opvang De Wilg")
    assert first_words(mail(told)) == dutch
    assert first_words(mail(told, language="en")) == english


def test_a_new_cycle_names_its_kind() -> None:
    started = Line(Kind.CYCLE_STARTED, 2, WHOLE_CYCLE, RoleId("ggd"), "ggd")

    rendered = mail(started, cycle=2, cycle_kind="improvement")

    assert first_words(rendered) == (
        "Het traject 'Opvang De Wilg' is begonnen aan een nieuwe doorloop: Verbeteren. U krijgt bericht zodra u iets kunt doen."
    )


def test_the_lead_is_told_and_not_asked_by_herself() -> None:
    rendered = mail(line(Kind.READY, "nota", role="lead"), **LEAD)

    assert first_words(rendered) == (
        "U kunt nu beginnen met 'Nota schrijven'. Het moet uiterlijk donderdag 4 februari 2027 klaar zijn."
    )
    assert "namens" not in rendered.text
    assert "leest uw antwoord" not in rendered.text


def test_without_a_project_lead_nobody_is_named() -> None:
    rendered = mail(line(Kind.DUE_SOON, "visie"), lead_name="", lead_email="")

    assert (
        first_words(rendered)
        == "Het is bijna tijd voor 'Visie vaststellen'. Het moet uiterlijk donderdag 4 februari 2027 klaar zijn."
    )
    assert "\n\nRegie\n\n-- \n" in rendered.text


def test_the_lead_hears_that_a_late_step_cannot_even_start_and_on_what_it_waits() -> None:
    late = line(Kind.OVERDUE, "nota", part="lead", role="lead", waits_for=keys("visie"))

    rendered = mail(late, **LEAD, states={key("nota"): State.NOT_YET}, finishes=days({"visie": "2027-03-01"}))

    assert first_words(rendered) == (
        "'Nota schrijven' had op donderdag 4 februari 2027 klaar moeten zijn, maar kan nog niet beginnen. "
        "Het wacht op andere stappen."
    )
    assert "Wacht op: Visie vaststellen (Joost van Dam, verwacht 1 maart 2027)" in rendered.text


# --- why this reader ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "dutch", "english"),
    [
        (
            line(Kind.READY, "visie"),
            "U krijgt dit bericht omdat u deze stap uitvoert (Beleidsadviseur).",
            "You get this message because you carry out this step (Policy adviser).",
        ),
        (
            line(Kind.READY, "visie", part="accountable", role="wethouder"),
            "U krijgt dit bericht omdat u eindverantwoordelijk bent voor deze stap (Wethouder).",
            "You get this message because you are accountable for this step (Alderman).",
        ),
        (
            line(Kind.DONE, "visie", part="consulted", role="ggd"),
            "U krijgt dit bericht omdat u over deze stap adviseert (GGD).",
            "You get this message because you advise on this step (Public health service).",
        ),
        (
            line(Kind.DONE, "visie", part="informed", role="school"),
            "U krijgt dit bericht omdat u op de hoogte blijft van deze stap (Schoolbestuur).",
            "You get this message because you are kept informed about this step (School board).",
        ),
        (
            line(Kind.OVERDUE, "visie", part="lead", role="lead"),
            "U krijgt dit bericht omdat u het traject leidt (Projectleider).",
            "You get this message because you lead the project (Project lead).",
        ),
        (
            Line(Kind.CYCLE_STARTED, 1, WHOLE_CYCLE, RoleId("ggd"), "ggd"),
            "U krijgt dit bericht omdat u meedoet in dit traject (GGD).",
            "You get this message because you take part in this project (Public health service).",
        ),
        (
            line(Kind.READY, "visie", for_role_without_people=True),
            "Niemand heeft de rol 'Beleidsadviseur'. Daarom krijgt u dit bericht. Wijs iemand aan.",
            "Nobody has the role 'Policy adviser'. That is why you get this message. Please appoint somebody.",
        ),
        (
            line(Kind.READY, "visie", deputy_for=PersonId("p9")),
            "U krijgt dit bericht omdat u Els Prins vervangt, die deze stap uitvoert (Beleidsadviseur).",
            "You get this message because you deputise for Els Prins, who carries out this step (Policy adviser).",
        ),
    ],
)
def test_a_mail_says_why_you_got_it(told: Line, dutch: str, english: str) -> None:
    names = {PersonId("p9"): "Els Prins"}

    assert dutch in paragraphs(mail(told, deputy_names=names).text)
    assert english in paragraphs(mail(told, language="en", deputy_names=names).text)


def test_who_got_a_step_from_a_colleague_hears_that_and_not_that_they_play_its_role() -> None:
    told, handed = line(Kind.READY, "visie"), {key("visie"): "An Bakker"}

    assert "U krijgt dit bericht omdat deze stap aan u is overgedragen." in paragraphs(
        mail(told, handed_to=handed).text
    )
    several = mail(told, line(Kind.READY, "raming"), handed_to={**handed, key("raming"): "An Bakker"}, language="en")
    assert "You get this message because these steps were handed over to you." in paragraphs(several.text)
    neighbour = mail(line(Kind.READY, "nota", waits_for=keys("visie")), handed_to=handed)
    assert "Hangt af van: Visie vaststellen (An Bakker)" in neighbour.text


# --- what people say to each other ---------------------------------------------------------------------


def test_the_lead_sees_every_date_of_a_proposal_what_it_moves_and_how_to_answer() -> None:
    said = {"7": "Onze adviseur is twee weken ziek."}

    text = mail(line(Kind.DATE_PROPOSED, "visie", **PROPOSED), words=said, **LEAD).text

    assert (
        """\
Waarom: Onze adviseur is twee weken ziek.
Voorgesteld: donderdag 18 februari 2027
Gepland: donderdag 4 februari 2027
Toegezegd: maandag 8 februari 2027
Wat het verschuift: 4 andere stappen
Wettelijke termijn: maandag 1 maart 2027

Wat kunt u doen?
----------------
Antwoord in Regie, bij de stap: akkoord, of niet akkoord en waarom.
"""
        in text
    )


@pytest.mark.parametrize(
    ("kind", "label", "answer"),
    [
        (Kind.DECLINED, "Waarom", "Wijs de stap in Regie toe aan iemand anders, of antwoord daar."),
        (Kind.QUESTION_ASKED, "De vraag", "Antwoord in Regie, bij de stap. Uw antwoord gaat naar wie het vroeg."),
        (Kind.QUESTION_ANSWERED, "Het antwoord", ""),
        (Kind.PROPOSAL_ANSWERED, "Waarom", ""),
    ],
)
def test_what_was_said_stands_in_the_mail_and_is_left_out_of_a_confidential_one(
    kind: Kind, label: str, answer: str
) -> None:
    told = line(kind, "visie", part="lead", role="lead", happening="7", outcome=TURNED_DOWN, old_on=D("2027-02-18"))
    words = {"7": "De tweede kaart."}

    text = mail(told, words=words, **LEAD).text

    assert f"{label}: De tweede kaart." in text
    assert answer in " ".join(text.split())
    assert "tweede kaart" not in mail(replace(told, is_confidential=True), words=words, **LEAD).text


def test_of_a_role_of_several_people_the_role_speaks_and_of_a_handed_step_who_has_it() -> None:
    asked = line(Kind.QUESTION_ASKED, "visie", part="lead", role="lead")
    both = {"people": {RoleId("beleid"): ("Joost van Dam", "Els Prins")}}

    assert first_words(mail(asked, **both)).startswith("Beleidsadviseur heeft een vraag")
    handed = mail(asked, handed_to={key("visie"): "An Bakker"}, **both)
    assert first_words(handed).startswith("An Bakker (Beleidsadviseur) heeft een vraag")


def test_an_answer_stands_after_what_is_asked_and_is_not_said_to_ask_for_one() -> None:
    ready, answered = line(Kind.READY, "nota"), line(Kind.QUESTION_ANSWERED, "raming", happening="7")

    rendered = mail(answered, ready, words={"7": "De tweede kaart."}, base_url=BASE)

    assert rendered.subject.startswith("U kunt beginnen: Nota schrijven")
    assert rendered.text.index("Nota schrijven") < rendered.text.index("Antwoord voor u\n---")
    assert "Vraagt een antwoord" not in rendered.text


def test_the_lead_is_told_how_to_answer_beside_steps_with_a_link() -> None:
    asked = line(Kind.QUESTION_ASKED, "visie", part="lead", role="lead")

    text = mail(asked, line(Kind.OVERDUE, "nota", role="lead"), base_url=BASE, **LEAD).text

    assert "Wat een antwoord vraagt, beantwoordt u in Regie, bij de stap." in " ".join(text.split())
    several = mail(asked, replace(asked, key=key("nota")), **LEAD).text
    assert "Antwoord in Regie, bij elke stap apart." in several


# --- what else is said --------------------------------------------------------------------------------


def test_a_legal_date_is_named_as_such_with_its_article() -> None:
    told = line(Kind.DUE_SOON, "vergunning", role="wethouder", due="2027-05-03", legal_on=D("2027-05-11"))

    text = mail(told).text

    assert "Uiterlijk: maandag 3 mei 2027\nWettelijke termijn: dinsdag 11 mei 2027 (Omgevingswet 16.64)" in text


def test_a_decision_names_who_decides_on_which_day_and_when_papers_are_due() -> None:
    told = line(Kind.DECISION_NEEDED, "besluit", role="wethouder", due="2027-03-01")

    facts = " ".join(mail(told, finishes=days({"besluit": "2027-03-11"})).text.split())

    assert (
        "Wie besluit: Gemeenteraad Vergadering: donderdag 11 maart 2027; stukken uiterlijk donderdag 18 februari 2027"
        in facts
    )


def test_a_day_that_is_no_meeting_is_not_called_one() -> None:
    told = line(Kind.DECISION_NEEDED, "besluit", role="wethouder")

    assert "Vergadering" not in mail(told, finishes=days({"besluit": "2027-03-12"})).text


def test_an_escalation_names_who_has_the_step() -> None:
    told = line(Kind.ESCALATED, "visie", part="accountable", role="wethouder", rung=1)

    assert "Wie voert uit: Joost van Dam (Beleidsadviseur)" in mail(told).text


def test_after_a_no_go_nothing_is_said_to_wait_for_it() -> None:
    stopped = line(Kind.DECISION_TAKEN, "besluit", outcome="no-go", waited_by=keys("aanvraag"))
    opened = replace(stopped, outcome="go")

    assert "Vergunning aanvragen" not in mail(stopped).text
    assert "Hierna verder: Vergunning aanvragen" in mail(opened).text


@pytest.mark.parametrize(
    ("told", "dutch"),
    [
        (
            line(Kind.READY, "visie"),
            "Antwoord op deze mail: het is klaar, of welke datum lukt wel? Fatma Yildiz leest uw antwoord.",
        ),
        (
            line(Kind.ESCALATED, "visie", part="accountable", role="wethouder", rung=1),
            "Antwoord op deze mail: wat is er nodig, en welke datum lukt wel? Fatma Yildiz leest uw antwoord.",
        ),
        (
            line(Kind.DATE_MOVED, "visie", **MOVED),
            "Lukt de nieuwe datum niet? Antwoord op deze mail. Fatma Yildiz leest uw antwoord.",
        ),
        (line(Kind.DONE, "visie"), "Vragen? Antwoord op deze mail. Fatma Yildiz leest uw antwoord."),
    ],
)
def test_without_pages_a_reply_is_what_one_can_do(told: Line, dutch: str) -> None:
    assert dutch in " ".join(mail(told).text.split())
    assert "http" not in mail(told).text


def test_what_happens_with_a_reply_can_be_said_otherwise() -> None:
    rendered = render(letter(part(line(Kind.READY, "visie"))), reply_hint="Uw antwoord komt bij het secretariaat.")

    assert "of welke datum lukt wel? Uw antwoord komt bij het secretariaat." in " ".join(rendered.text.split())
    assert "leest uw antwoord" not in rendered.text


def test_a_test_environment_is_named_on_top() -> None:
    rendered = render(letter(part(line(Kind.READY, "visie"))), environment="acceptatie")

    assert rendered.text.startswith("Let op: dit is een acceptatie-omgeving. U hoeft niets te doen.\n\nBeste")
    assert "acceptatie-omgeving" in rendered.html


# --- several things -----------------------------------------------------------------------------------


def test_several_things_stand_by_what_is_asked_the_most_urgent_first() -> None:
    lines = (
        line(Kind.DONE, "informeren", part="informed", role="beleid"),
        line(Kind.READY, "raming", due="2027-02-20"),
        line(Kind.OVERDUE, "visie", due="2027-01-22"),
        line(Kind.DATE_MOVED, "nota", cause="visie", **MOVED),
    )

    rendered = mail(*lines, base_url=BASE)

    assert rendered.subject == "2 dingen voor u: Visie vaststellen (te laat) en nog 1 - Opvang De Wilg"
    assert first_words(rendered) == (
        "Fatma Yildiz vraagt 2 dingen van u. Het eerste is 'Visie vaststellen', dat op vrijdag 22 januari 2027 klaar moest zijn."
    )
    headings = re.findall(r"^(.+)\n-{4,}$", rendered.text, re.MULTILINE)
    assert headings == ["Te laat", "U kunt beginnen", "Nieuwe datums", "Ter informatie", "Wat kunt u doen?"]
    assert "Open een stap met de link die erbij staat, of antwoord op deze mail." in " ".join(rendered.text.split())


def test_many_new_dates_are_a_list_with_their_cause_once() -> None:
    lines = [line(Kind.DATE_MOVED, name, cause="anchor:opening", **MOVED) for name in ("nota", "raming", "visie")]

    rendered = mail(*lines)

    assert rendered.subject == "3 nieuwe datums: Nota schrijven en nog 2 - Opvang De Wilg"
    assert " ".join(rendered.text.split()).count("Dat komt door de nieuwe datum van 'Opening'.") == 1
    assert paragraphs(rendered.text)[1:5] == [
        "3 stappen van u hebben een nieuwe datum. Dat komt door de nieuwe datum van 'Opening'.",
        "Traject: Opvang De Wilg",
        "- 'Nota schrijven': nu donderdag 1 juli 2027, was 3 juni 2027 (20 werkdagen later). "
        "- 'Raming maken': nu donderdag 1 juli 2027, was 3 juni 2027 (20 werkdagen later). "
        "- 'Visie vaststellen': nu donderdag 1 juli 2027, was 3 juni 2027 (20 werkdagen later).",
        "U krijgt dit bericht omdat u deze stappen uitvoert (Beleidsadviseur).",
    ]


def test_news_that_reaches_a_reader_for_different_reasons_says_each_with_its_own_line() -> None:
    known = line(Kind.DONE, "visie", part="informed", role="school")
    advised = line(Kind.DONE, "nota", part="consulted", role="school")

    said = " ".join(mail(known, advised, is_digest=True).text.split())

    assert "- 'Visie vaststellen' is klaar. U krijgt dit bericht omdat u op de hoogte blijft van deze stap" in said
    assert "- 'Nota schrijven' is klaar. U krijgt dit bericht omdat u over deze stap adviseert (Schoolbestuur)." in said
    assert said.count("U krijgt dit bericht") == 2


@pytest.mark.parametrize(
    ("told", "dutch", "english"),
    [
        ([line(Kind.READY, "nota")], "Werk de stap bij in Regie.", "Bring the step up to date in Regie."),
        (
            [line(Kind.READY, "nota"), line(Kind.DUE, "visie")],
            "Werk de stappen bij in Regie.",
            "Bring the steps up to date in Regie.",
        ),
        (
            [line(Kind.OVERDUE, "nota", part="lead", role="lead"), line(Kind.DUE, "visie")],
            "Werk de stappen bij in Regie, of bel wie ze uitvoert.",
            "Bring the steps up to date in Regie, or call whoever carries them out.",
        ),
    ],
)
def test_the_lead_is_not_told_to_call_herself(told: list[Line], dutch: str, english: str) -> None:
    assert dutch in paragraphs(mail(*told, **LEAD).text)[-4]
    assert english in paragraphs(mail(*told, language="en", **LEAD).text)[-4]


def test_two_cycles_of_one_traject_are_told_together() -> None:
    first = part(line(Kind.DONE, "visie", part="informed", role="school"), line(Kind.READY, "raming"))
    second = part(Line(Kind.CYCLE_STARTED, 2, WHOLE_CYCLE, RoleId("beleid"), ""), cycle=2)

    text = render(letter(first, second, is_digest=True)).text

    assert text.count("Ter informatie\n") == 1
    assert text.count("Opvang De Wilg") == 2  # under which traject, and which has begun


def test_a_confidential_line_hides_the_traject_in_the_other_cycle_too() -> None:
    started = part(Line(Kind.CYCLE_STARTED, 1, WHOLE_CYCLE, RoleId("beleid"), ""), line(Kind.READY, "raming"))
    secret = part(line(Kind.READY, "informeren", role="ggd", is_confidential=True), cycle=2)

    rendered = render(letter(started, secret), base_url=BASE)

    assert "wilg" not in (rendered.subject + rendered.text + rendered.html).lower()


def test_what_was_finished_meanwhile_is_not_waited_for() -> None:
    stuck = line(Kind.OVERDUE, "nota", part="lead", role="lead", waits_for=keys("raming", "visie"))
    states = {key("nota"): State.NOT_YET, key("raming"): State.DONE, key("visie"): State.IN_PROGRESS}

    text = mail(stuck, states=states).text

    assert "Wacht op: Visie vaststellen" in text
    assert "Raming maken" not in text


@pytest.mark.parametrize("others", [(), ("instroom",)], ids=["six", "more-than-six"])
def test_steps_that_are_left_out_are_not_passed_over_in_silence(others: tuple[str, ...]) -> None:
    waited_by = keys("nota", "raming", "informeren", "aanvraag", "inrichten", "mijlpaal", *others)
    one = line(Kind.READY, "visie", waited_by=waited_by)

    brief = " ".join(mail(one, line(Kind.READY, "tolken")).text.split())

    assert ("- Alles staat klaar (Fatma Yildiz)\n- en andere\n" in mail(one).text) is bool(others)
    assert ("'Raming maken' en andere" in brief) is bool(others)
    assert ("'Raming maken' en nog 4 andere" in brief) is not bool(others)


def test_new_dates_with_different_causes_name_each_its_own() -> None:
    lines = [
        line(Kind.DATE_MOVED, "nota", cause="visie", **MOVED),
        line(Kind.DATE_MOVED, "raming", cause="anchor:opening", **MOVED),
    ]

    said = " ".join(mail(*lines).text.split())

    assert "(20 werkdagen later). Dat komt door 'Visie vaststellen'. - 'Raming maken'" in said
    assert "(20 werkdagen later). Dat komt door de nieuwe datum van 'Opening'. U krijgt" in said


def test_one_thing_to_do_among_news_keeps_its_own_subject_and_comes_first() -> None:
    started = Line(Kind.CYCLE_STARTED, 1, WHOLE_CYCLE, RoleId("beleid"), "beleid")

    rendered = mail(started, line(Kind.READY, "visie"))

    assert rendered.subject == "U kunt beginnen: Visie vaststellen - Opvang De Wilg"
    assert first_words(rendered).startswith("Fatma Yildiz vraagt u om 'Visie vaststellen' te doen")


def test_an_overview_counts_and_says_how_much_is_late() -> None:
    lines = (line(Kind.OVERDUE, "visie"), line(Kind.READY, "raming"), line(Kind.DONE, "nota", part="informed"))

    assert mail(*lines, is_digest=True).subject == "Uw overzicht: 3 punten, 1 te laat - Opvang De Wilg"
    assert mail(*lines[1:], is_digest=True).subject == "Uw overzicht: 2 punten - Opvang De Wilg"
    assert mail(*lines[1:], is_digest=True, language="en").subject == "Your overview: 2 items - Opvang De Wilg"


def test_an_overview_of_one_thing_is_simply_about_that() -> None:
    assert (
        mail(line(Kind.READY, "visie"), is_digest=True).subject == "U kunt beginnen: Visie vaststellen - Opvang De Wilg"
    )


def test_several_trajects_have_their_own_headings() -> None:
    here, there = (
        part(line(Kind.READY, "visie")),
        part(line(Kind.READY, "nota"), traject_id=2, traject_title="Opvang Zuid"),
    )

    text = render(letter(here, there, is_digest=True)).text

    assert "Opvang De Wilg\n==============" in text
    assert "Opvang Zuid\n===========" in text
    assert "Traject:" not in text


def test_a_message_in_which_nothing_is_left_still_renders() -> None:
    rendered = render(letter(part()))

    assert rendered.subject == "Uw overzicht"
    assert rendered.text.startswith("Beste Joost van Dam,\n\n")


# --- what is confidential -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DIGEST])
def test_a_confidential_line_names_no_traject_and_no_place(kind: Kind, language: str) -> None:
    told = line(
        kind, "informeren", role="ggd", is_confidential=True, old_on=D("2027-01-04"), outcome="go", working_days=3
    )
    other = line(Kind.READY, "raming")
    started = Line(Kind.CYCLE_STARTED, 1, WHOLE_CYCLE, RoleId("ggd"), "ggd")

    for lines in ((told,), (told, other, started)):
        rendered = mail(*lines, language=language, base_url=BASE)
        whole = rendered.subject + rendered.text + rendered.html
        assert "Wilg" not in whole
        assert "de-wilg" not in whole
        assert "informeren" not in "".join(re.findall(r"http\S+", rendered.text))


def test_a_confidential_line_asks_not_to_forward_it() -> None:
    rendered = mail(line(Kind.READY, "informeren", role="ggd", is_confidential=True))

    assert "Dit is vertrouwelijk: stuur deze mail niet door." in paragraphs(rendered.text)
    assert "Traject: een vertrouwelijk traject" in rendered.text


# --- subjects -----------------------------------------------------------------------------------------


def test_who_has_several_locations_sees_in_the_subject_which_one_it_is() -> None:
    short, long = titled("Visie"), titled("Zienswijze van de gemeenteraad over het voorgenomen besluit ophalen")

    assert mail(line(Kind.READY, "visie"), **short).subject == "U kunt beginnen: Visie - Opvang De Wilg"
    assert len(mail(line(Kind.READY, "visie"), **short).subject) <= LONGEST_SEEN
    assert mail(line(Kind.READY, "visie"), **long).subject.endswith(" ophalen - Opvang De Wilg")


def test_what_is_confidential_names_no_location_in_its_subject() -> None:
    hidden = line(Kind.READY, "visie", is_confidential=True)

    assert mail(hidden).subject == "U kunt beginnen: Visie vaststellen"


def titled(title: str) -> dict[str, Any]:
    """The town with another title for one step."""
    town = town_definition()
    steps = {**town.steps, StepId("visie"): replace(town.steps[StepId("visie")], title={"nl": title})}
    return {"definition": replace(town, steps=steps)}


def test_a_long_title_gives_way_to_the_dates_in_a_subject() -> None:
    subject = mail(line(Kind.DATE_MOVED, "visie", **MOVED), **titled("Heel lange titel " * 20)).subject

    assert len(subject) <= LONGEST_SUBJECT
    assert subject.endswith("… (was 3 juni 2027, nu 1 juli 2027)")


def test_a_title_of_one_endless_word_still_fits() -> None:
    subject = mail(line(Kind.READY, "visie"), **titled("x" * 500)).subject

    assert len(subject) <= LONGEST_SUBJECT
    assert subject.startswith("U kunt beginnen: ")


@pytest.mark.parametrize("nasty", ["a\r\nBcc: b@c.example", "a\x00b", "a\u2028b", "a\u202eb", "\ta\x85b"])
def test_no_control_character_reaches_the_subject_or_the_text(nasty: str) -> None:
    rendered = mail(line(Kind.READY, "visie"), **titled(nasty))

    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u202e]", rendered.subject)
    assert "\nBcc:" not in rendered.text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", rendered.text)


def test_braces_and_percent_signs_in_a_title_are_left_alone() -> None:
    assert (
        mail(line(Kind.READY, "visie"), **titled("100% {title} %s")).subject
        == "U kunt beginnen: 100% {title} %s - Opvang De Wilg"
    )


# --- the text part ------------------------------------------------------------------------------------


def test_text_is_wrapped_and_links_are_whole() -> None:
    told = line(Kind.READY, "visie", waits_for=keys("raming"), waited_by=keys("nota", "kader", "besluit"))

    text = mail(told, base_url="https://regie.een-gemeente-met-een-lange-naam.example/een/pad/dat/ver/doorloopt").text

    lines = [each for each in text.splitlines() if not each.startswith("http")]
    assert max(map(len, lines)) <= WIDTH
    assert f"https://regie.een-gemeente-met-een-lange-naam.example/een/pad/dat/ver/doorloopt/actie/{TOKEN}\n" in text


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DIGEST])
def test_only_a_line_that_asks_something_has_a_link(kind: Kind) -> None:
    rendered = mail(line(kind, "visie", **MOVED, outcome="go"), base_url=BASE)

    asks = kind in ASKING or kind is Kind.ESCALATED
    for words in (rendered.text, rendered.html):
        assert (f"{BASE}actie/{TOKEN}" in words) is asks
        assert ("http" in words) is asks


def test_who_may_not_act_on_a_step_gets_no_link_and_can_reply() -> None:
    rendered = mail(line(Kind.READY, "visie"), base_url=BASE, links={})

    assert "http" not in rendered.text
    assert "Antwoord op deze mail: het is klaar, of welke datum lukt wel?" in " ".join(rendered.text.split())


def test_of_several_lines_each_has_its_own_button_and_bare_address() -> None:
    links = {key("visie"): "a" * 32, key("raming"): "b" * 32}
    told = (line(Kind.READY, "visie"), line(Kind.DUE, "raming"), line(Kind.DONE, "nota"))

    rendered = mail(*told, base_url=BASE, links=links)

    assert re.findall(r"^http.*/actie/(.).*$", rendered.text, re.MULTILINE) == ["b", "a"]
    assert re.findall(r'<a class="button"[^>]* href="[^"]*/actie/(.)', rendered.html) == ["b", "a"]
    assert Page(rendered.html).said.count("/actie/") == 2


# --- the HTML part ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a mail program would see: words, links, tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.words).split())


def every_mail() -> list[Letter]:
    lines = [
        line(
            kind,
            "visie",
            old_on=D("2027-01-04"),
            working_days=3,
            waits_for=keys("raming", "nota"),
            waited_by=keys("kader"),
        )
        for kind in Kind
        if kind is not Kind.DIGEST
    ]
    return [letter(part(*lines), language=language, is_digest=True) for language in ("nl", "en")] + [
        letter(part(each)) for each in lines
    ]


def test_html_says_all_that_the_text_says() -> None:
    for each in every_mail():
        rendered = render(each, base_url=BASE)
        said = Page(rendered.html).said
        for paragraph in paragraphs(rendered.text):
            for sentence in re.split(r"(?<=[.?:]) |(?:^| )- ", paragraph):
                if (plain := re.sub(r" ?[-=]{4,} ?", " ", sentence).strip(" -")) and "http" not in plain:
                    assert plain in said, plain


def test_html_fetches_nothing_and_runs_nothing() -> None:
    for each in every_mail():
        page = Page(render(each, base_url=BASE).html)
        assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)
        assert all(link.startswith(BASE) for link in page.links)
        assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_html_shows_the_bare_address_and_names_its_language() -> None:
    html = mail(line(Kind.READY, "visie"), language="en", base_url=BASE).html

    assert ("lang", "en") in Page(html).attributes
    assert f"{BASE}actie/{TOKEN}" in Page(html).said


def test_styles_are_inlined_and_dark_screens_have_their_own() -> None:
    html = mail(line(Kind.READY, "visie"), base_url=BASE).html

    assert re.search(r'<p class="ask" style="[^"]*font-weight: bold', html)
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@import" not in html
    assert "url(" not in html


def test_a_long_word_is_broken_rather_than_run_out_of_a_narrow_screen() -> None:
    assert re.search(r'<div class="page" style="[^"]*overflow-wrap: break-word', mail(line(Kind.READY, "visie")).html)


def test_markup_in_a_title_stays_text() -> None:
    html = mail(line(Kind.READY, "visie"), base_url=BASE, **titled("<script>alert(1)</script><b>")).html

    assert "script" not in Page(html).tags
    assert "<script>alert(1)</script><b>" in Page(html).said


def test_the_same_letter_gives_the_same_mail() -> None:
    for each in every_mail():
        assert render(each, base_url=BASE) == render(each, base_url=BASE)


def test_an_unknown_language_is_answered_in_dutch() -> None:
    assert mail(line(Kind.READY, "visie"), language="fy").text.startswith("Beste Joost van Dam,")


def test_a_reader_without_a_name_is_greeted_too() -> None:
    assert mail(line(Kind.READY, "visie"), name="").text.startswith("Hallo,\n")


def test_a_step_that_is_gone_from_the_definition_is_named_by_its_id() -> None:
    gone = replace(line(Kind.READY, "visie"), key=OccurrenceKey(StepId("verdwenen")))

    assert mail(gone).subject == "U kunt beginnen: verdwenen - Opvang De Wilg"
