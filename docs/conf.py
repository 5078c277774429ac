"""The documentation site: `make docs` builds it, every notebook and every figure from the code as it stands."""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

import compact_model
import crossbar
import spice

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

# A function and its module may have the same name: the public one has to be there before autodoc looks.
for package in (compact_model, spice, crossbar):
    for name in package.__all__:
        getattr(package, name)

project = "dwmtj"
author = "the authors of dwmtj"
release = version = installed_version("dwmtj")
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "command_line",
    "device_parameters",
    "explorer_pages",
    "gallery",
    "mathml",
    "navigation",
    "notebooks",
    "plain_docstrings",
    "sphinx.ext.autosummary",
    "study_files",
    "summaries",
]
exclude_patterns = ["_build", "extensions"]

html_theme = "furo"
html_title = f"dwmtj {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_copyright = False
toc_object_entries_show_parents = "hide"
smartquotes = False  # a double hyphen is an option

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# A notebook's figures are drawn into it unless the environment asks for another backend.
os.environ.pop("MPLBACKEND", None)

# docs/extensions/notebooks.py runs the notebooks.
nb_execution_mode = "off"
nb_merge_streams = True

autosummary_generate = False  # tables alone; what is in them stands on the same page
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100

# What stands in single backticks in a docstring is a name: a link where it is public, plain code where it is not.
default_role = "py:obj"
nitpick_ignore_regex = [
    ("py:obj", ".*"),
    # The inventories of other projects are on the network, which a build does without.
    ("py:.*", r"(numpy|np|xarray|xr|networkx|nx|PySpice|pathlib|collections|typing|matplotlib|NDArray|ArrayLike)\b.*"),
    # Types that the packages use among themselves and do not list as public.
    ("py:class", r"(compact_model|crossbar|spice|dwmtj)\..*"),
    ("py:class", r"(Array|Path|float64|bool|Any|optional|Generator|Circuit|Dataset|Node)"),
]
