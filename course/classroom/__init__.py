"""What a lecture hall needs: all of it is made from the notebooks that are there.

    saved        reads a notebook from the disk; a broken one is named, and the others go on
    predictions  every *Predict first.* of the lessons, with what came out
    frames       records the widgets of the lessons, so that they play on a page where no kernel runs
    quiz         polls, quizzes and exams whose wrong answers are what known mistakes give
    slides       a deck for each lesson, with the whole of its text in the speaker's notes
    site         the website: lessons, slides, documents and the reference of the library
    guesses      what a learner wrote into the `guess = …` cells, read and never run
    calibration  each guess beside what came out, and what that says in sum
    progress     which exercises pass, judged again from the saved notebooks
    panel        what a learner is told of it, in a terminal and in lesson 0
    restart      puts an exercise or a lesson back to how it was handed out
    hub          a JupyterHub for one class, tried from nothing in a real browser

Nothing is re-exported: each module is asked for what it gives.
"""
