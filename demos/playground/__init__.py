"""The playground: Python in the page, to draw the graphs of what a reader types."""
