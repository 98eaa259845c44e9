"""What leaves the dashboard on paper or as a file: registers as PDF and Excel, labels and signs, QR codes.

Everything here takes finished words and gives bytes. It knows no table and no request; views hand in what they show.
"""

from dashboard.paper.document import TooMuch
from dashboard.paper.font import NoFont
from dashboard.paper.labels import LABELS, Label, Template, labels_pdf, trial_pdf
from dashboard.paper.qr import qr_matrix, qr_svg
from dashboard.paper.register import Column, Register, register_csv, register_pdf, register_xlsx

__all__ = [
    "LABELS",
    "Column",
    "Label",
    "NoFont",
    "Register",
    "Template",
    "TooMuch",
    "labels_pdf",
    "qr_matrix",
    "qr_svg",
    "register_csv",
    "register_pdf",
    "register_xlsx",
    "trial_pdf",
]
