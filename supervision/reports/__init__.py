"""Reports: one document of figures, tables and charts, written as HTML, DOCX, XLSX and PDF.

What a report says is put together elsewhere; this folder knows how a document looks. The same document
gives the same bytes, on any day: the only time in a file is the one that the document carries.
"""
