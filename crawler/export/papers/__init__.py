"""The documents of a case, for a lawyer to file: one paper per file here, discovered by `paper`.

A paper is made from `facts.CaseFacts` alone. Forms (.docx) are texts in `forms.toml` and can be replaced by the
user's own Word files; what is filed as it is (.pdf) is HTML of ours, printed by `pdf`.
"""
