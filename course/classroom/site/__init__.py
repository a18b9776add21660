"""The website: executed lessons, slides, documents and the reference of the library, with no network needed.

    lessons      a built notebook as a page: solutions folded, predictions asked, widgets that move
    figures      its pictures beside the page, each with a link to its full size
    formulas     MathML, for which a browser needs no JavaScript
    documents    the landing page, the documents, and the pages of the library's reference
    conf         the settings of Sphinx
    folds        what Sphinx does not do by itself: folds, and what a screen reader needs
    proof        every link of the built pages leads somewhere, nothing is fetched, no page is heavy
    build        the whole way from the notebooks to a folder of pages

Sphinx runs no cell: the outputs are those that the builder of the notebooks kept.
"""
