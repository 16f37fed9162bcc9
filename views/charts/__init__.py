"""From arrays to Vega-Lite specifications and pictures, without Streamlit."""
