"""The sheets of the workbook, each with its solution and its check."""
