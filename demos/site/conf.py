"""Settings of Sphinx."""

import autograd

project = "overnight-autograd"
version = release = autograd.__version__
html_title = f"{project} {release}"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
extensions += ["sphinx.ext.githubpages"]  # whose server leaves out folders such as _static unasked
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True

html_theme = "furo"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_show_search_summary = False  # it fetches pages, which a browser refuses from a folder
html_use_index = False
html_static_path = ["static"]
html_css_files = ["style.css"]

# The colours of our page and our gallery.
LIGHT = {
    "color-background-primary": "#fffffe",
    "color-background-secondary": "#f6f7f9",
    "color-background-border": "#d3d9df",
    "color-foreground-primary": "#1f2933",
    "color-foreground-secondary": "#55606b",
    "color-foreground-muted": "#55606b",
    "color-brand-primary": "#2a5f96",
    "color-brand-content": "#2a5f96",
    "color-brand-visited": "#2a5f96",
    "color-code-background": "#f6f7f9",
    "color-api-name": "#2a5f96",
    "color-api-pre-name": "#55606b",
    "font-stack": 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
}
DARK = {
    "color-background-primary": "#16191d",
    "color-background-secondary": "#1e2328",
    "color-background-border": "#3a424b",
    "color-foreground-primary": "#e8eaed",
    "color-foreground-secondary": "#a3acb7",
    "color-foreground-muted": "#a3acb7",
    "color-brand-primary": "#8fc1f2",
    "color-brand-content": "#8fc1f2",
    "color-brand-visited": "#8fc1f2",
    "color-code-background": "#1e2328",
    "color-api-name": "#8fc1f2",
    "color-api-pre-name": "#a3acb7",
}
html_theme_options = {"light_css_variables": LIGHT, "dark_css_variables": DARK}
