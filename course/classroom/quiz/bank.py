"""All templates, in the order of the course, and the twelve that are asked before and after it."""

from course.classroom.quiz import agents, credit, language, scores, surprise
from course.classroom.quiz.questions import Template

TEMPLATES: tuple[Template, ...] = (
    *scores.TEMPLATES,
    *credit.TEMPLATES,
    *surprise.TEMPLATES,
    *agents.TEMPLATES,
    *language.TEMPLATES,
)

INVENTORY = (
    "01_human",
    "02_min_max",
    "03_two_answers",
    "04_other_logit",
    "05_first_step",
    "06_advantage",
    "07_at_the_end",
    "08_definition",
    "09_time_limit",
    "10_normalize",
    "11_clipped",
    "13_last_token",
)
