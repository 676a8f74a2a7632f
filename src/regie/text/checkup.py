"""What the doctor says, on the terminal and on the page: what was looked at, what is so, what to do."""

from __future__ import annotations

from collections.abc import Mapping

_SAID: Mapping[str, tuple[str, str]] = {
    "database": ("database", "database"),
    "sqlite_wrong": ("SQLite {version}, {wrong}", "SQLite {version}, {wrong}"),
    "sqlite_is": ("{name} is {found}", "{name} is {found}"),
    "sqlite_good": ("SQLite {version}, veilig ingesteld", "SQLite {version}, set up safely"),
    "sqlite_advice": (
        "staat de database op een netwerkschijf? zet haar op een schijf van deze computer",
        "is the database on a network disk? put it on a disk of this computer",
    ),
    "sqlite_version": ("SQLite-versie", "SQLite version"),
    "sqlite_accepted": ("{version}; het risico is aanvaard: {accepted}", "{version}; the risk was accepted: {accepted}"),
    "sqlite_old": (
        "{version} heeft een zeldzame fout in WAL, die de database kan beschadigen",
        "{version} has a rare fault in WAL that can damage the database",
    ),
    "sqlite_old_advice": (
        "gebruik SQLite 3.51.3 of nieuwer, of PostgreSQL; of aanvaard het risico, leg dat vast in"
        " REGIE_SQLITE_RISK_ACCEPTED, en maak dagelijks een kopie",
        "use SQLite 3.51.3 or newer, or PostgreSQL; or accept the risk, record that in"
        " REGIE_SQLITE_RISK_ACCEPTED, and make a copy every day",
    ),
    "schema": ("versie van de database", "version of the database"),
    "schema_good": ("{current}, zoals deze Regie wil", "{current}, as this Regie wants"),
    "audit_key": ("sleutel van de vastlegging", "key of the record"),
    "link_key": ("sleutel van de links", "key of the links"),
    "key_open": ("anderen kunnen de sleutel lezen; doe: chmod 600 {path}", "others can read the key; do: chmod 600 {path}"),
    "calendar": ("kalender", "calendar"),
    "years_unknown": ("de feestdagen van {years} zijn niet bevestigd", "the holidays of {years} are not confirmed"),
    "years_advice": ("vul workflow_defs/calendars aan", "complete workflow_defs/calendars"),
    "years_good": (
        "alle wettelijke datums vallen in bevestigde jaren",
        "all legal dates are in confirmed years",
    ),
    "roles": ("rollen van {traject}", "roles of {traject}"),
    "roles_empty": ("niemand voor: {roles}", "nobody for: {roles}"),
    "partners": ("partners", "partners"),
    "silent": ("{count} zonder e-mailadres", "{count} without an e-mail address"),
    "mail": ("mail", "mail"),
    "mail_none": (
        "er is geen mailserver: mails worden bestanden in de map post",
        "there is no mail server: mails become files in the folder post",
    ),
    "mail_set": ("zet REGIE_MAIL_URL en REGIE_MAIL_FROM", "set REGIE_MAIL_URL and REGIE_MAIL_FROM"),
    "mail_is_set": ("{server} is ingesteld; niet gekeken of hij antwoordt", "{server} is set; not looked whether it answers"),
    "links": ("links", "links"),
    "links_none": (
        "mails hebben geen link: het adres van Regie is niet bekend",
        "mails have no link: the address of Regie is not known",
    ),
    "links_set": ("zet REGIE_BASE_URL", "set REGIE_BASE_URL"),
    "answers": ("{server} antwoordt", "{server} answers"),
    "silent_server": ("{server} antwoordt niet: {why}", "{server} does not answer: {why}"),
    "mail_advice": ("controleer REGIE_MAIL_URL", "check REGIE_MAIL_URL"),
    "prefect": ("Prefect", "Prefect"),
    "prefect_none": (
        "niet ingesteld: regie up start een eigen server, regie sweep en deliver doen zonder",
        "not set: regie up starts a server of its own, regie sweep and deliver do without",
    ),
    "prefect_set": ("{server} is ingesteld; niet gekeken of hij antwoordt", "{server} is set; not looked whether it answers"),
    "prefect_no_address": ("{name} is geen webadres", "{name} is no web address"),
    "prefect_example": ("schrijf bijvoorbeeld http://127.0.0.1:4200/api", "write for example http://127.0.0.1:4200/api"),
    "prefect_silent_advice": ("draait regie up? controleer anders {name}", "does regie up run? else check {name}"),
    "prefect_status": ("{server} antwoordt met {status} op {path}", "{server} answers {status} on {path}"),
    "prefect_status_advice": (
        "staat in {name} het adres van een Prefect-API, met /api aan het eind?",
        "does {name} hold the address of a Prefect API, with /api at its end?",
    ),
    "messages": ("berichten", "messages"),
    "none": ("geen", "none"),
    "messages_advice": ("regie outbox list", "regie outbox list"),
    "oldest": ("oudste bericht", "oldest message"),
    "waits_since": ("wacht sinds {moment}", "waits since {moment}"),
    "is_up": ("draait regie up?", "does regie up run?"),
    "sweep": ("laatste ronde", "last sweep"),
    "never": ("nog nooit", "never yet"),
    "sweep_advice": ("start regie up, of draai regie sweep", "start regie up, or run regie sweep"),
    "sweep_ahead": (
        "{moment} UTC, dat moet nog komen: de klok liep voor, en tot dan gebeurt er niets",
        "{moment} UTC, which is still to come: the clock was ahead, and until then nothing happens",
    ),
    "sweep_ahead_advice": (
        "zet de klok van de computer goed, en draai regie sweep --set-clock-back --reason WAAROM",
        "set the clock of the computer right, and run regie sweep --set-clock-back --reason WHY",
    ),
    "brake": ("rem op berichten", "brake on messages"),
    "brake_off": ("niet ingegrepen; grijpt in boven {most} berichten per dag", "did nothing; acts above {most} messages a day"),
    "brake_on": ("{count} berichten vastgehouden", "{count} messages held"),
    "brake_advice": ("kijk ze na, en laat ze los of gooi ze weg: regie outbox", "look at them, and release or discard: regie outbox"),
    "record": ("vastlegging", "record"),
    "record_bad": ("{count} regels kloppen niet", "{count} lines are not right"),
    "record_good": ("klopt", "is whole"),
    "files": ("bestanden", "files"),
    "files_bad_one": (
        "van {count} bestand is de inhoud weg of niet heel: {files}",
        "of {count} file the content is gone or not whole: {files}",
    ),
    "files_bad_many": (
        "van {count} bestanden is de inhoud weg of niet heel: {files}",
        "of {count} files the content is gone or not whole: {files}",
    ),
    "files_advice": (
        "zet de kopie van {folder} terug; wat er niet in zit, is verwijderd: regie file remove",
        "put the copy of {folder} back; what is not in it was removed: regie file remove",
    ),
    "files_good_one": ("{count} bestand, allemaal met hun inhoud", "{count} file, all with their content"),
    "files_good_many": ("{count} bestanden, allemaal met hun inhoud", "{count} files, all with their content"),
    "rests": ("resten van bestanden", "remains of files"),
    "rests_one": ("{count} rest zonder bestand, samen {size} bytes", "{count} rest without a file, together {size} bytes"),
    "rests_many": (
        "{count} resten zonder bestand, samen {size} bytes",
        "{count} rests without a file, together {size} bytes",
    ),
    "rests_advice": ("regie file clean-up", "regie file clean-up"),
    "disk": ("schijf", "disk"),
    "disk_free": ("{free} GB vrij van {total} GB", "{free} GB free of {total} GB"),
    "disk_advice": ("maak ruimte: zonder schijf wordt niets bewaard", "make room: without disk nothing is kept"),
    "disk_unknown": ("de map met gegevens is niet te vinden", "the folder with data cannot be found"),
    "environment": ("omgeving", "environment"),
    "environment_real": ("echt: geen label", "real: no label"),
    "environment_test": ("{label}: staat boven elke pagina en in elke mail", "{label}: stands above each page and in each mail"),
    "redirect": ("mail voor proeven", "mail for tests"),
    "redirect_on": ("alle mail gaat naar {address}", "all mail goes to {address}"),
    "redirect_off": ("mail gaat naar wie zij bedoeld is", "mail goes to whom it is meant for"),
}  # fmt: skip


def say_check(key: str, language: str = "nl", **facts: object) -> str:
    """Fill in one text."""
    return _SAID[key][1 if language == "en" else 0].format(**facts)
