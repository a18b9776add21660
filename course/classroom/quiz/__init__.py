"""Polls, quizzes and exams whose wrong answers are what the exercises' known mistakes really give.

    questions    a template, the question that a seed draws from it, and the runs that make its choices
    shown        numbers as a page shows them, and when two can be told apart
    scores, credit, surprise, agents, language
                 the templates, by lesson
    bank         all of them, and the inventory
    page, gift, qti
                 as HTML to print, as GIFT for Moodle, as a package of IMS QTI 2.1
    files        what `course quiz` and `course exam` write

Nothing is re-exported: each module is asked for what it gives.
"""
