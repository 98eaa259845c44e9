"""People and rights from a file, as Excel writes it: read (`reading`), planned against what the site knows (`planning`).

Nothing of it is stored here before somebody confirms the plan: the file goes with the form from page to page.
"""
