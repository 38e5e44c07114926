"""Reading one page: its codes, its corner marks, its bubbles."""
