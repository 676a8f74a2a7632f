"""The core: it decides, and knows no clock, database, network, YAML or Prefect.

What library users need most stands here; everything else has its own module.

>>> from datetime import date
>>> from regie.core import Span, WorkCalendar
>>> str(Span.parse("15wd"))
'15wd'
>>> WorkCalendar(name="office").add_working_days(date(2027, 1, 1), 1)
datetime.date(2027, 1, 4)
"""

from regie.core.calendar import WorkCalendar
from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.engine import advance
from regie.core.ids import OccurrenceKey
from regie.core.opening import open_cycle
from regie.core.plan import Plan, PlanInput, make_plan
from regie.core.settle import settle
from regie.core.span import Span
from regie.core.terms import end_of_term
from regie.core.traject import Cycle, Occurrence, Traject

__all__ = [
    "Changes",
    "Cycle",
    "Definition",
    "Occurrence",
    "OccurrenceKey",
    "Plan",
    "PlanInput",
    "Span",
    "Traject",
    "WorkCalendar",
    "advance",
    "end_of_term",
    "make_plan",
    "open_cycle",
    "settle",
]
