"""The pages: what visitors see and move. The only package that imports Streamlit."""
