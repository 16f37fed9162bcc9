"""From numbers to words, without Streamlit."""
