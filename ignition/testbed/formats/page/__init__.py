# SPDX-License-Identifier: Apache-2.0
"""Parts of the page that `--format html` writes: markup, colours, pictures, and the section of a case."""
