"""The docs as a few static pages: ``python -m demos site``.

Their sources are the Markdown files in ``pages``. ``weave.py`` runs the code in them and puts what
it gives into its place, ``course.py`` makes a page of each demo, Sphinx makes HTML of all, and
``links.py`` follows every link.
"""
