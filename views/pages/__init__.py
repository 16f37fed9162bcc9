"""What Streamlit runs: one script a page, each a description of the page."""
