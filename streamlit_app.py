"""Page set-up and navigation, and the server around them; nothing else.

Streamlit imports this file once, for `app`, and runs it for every visitor, for the pages.
"""

import streamlit as st

if st.runtime.exists():
    from views.browser.page_window import attend_window
    from views.browser.type_size import draw_type_switch
    from views.controls import lock, state

    # First of all, or the icon of the page would be the tab's, which the browser would fetch from elsewhere.
    st.set_page_config(page_icon="🌗", layout="wide", initial_sidebar_state="collapsed")
    page = st.navigation(
        [
            st.Page("views/pages/moons.py", title="Moons", icon=":material/nightlight:", default=True),
            st.Page("views/pages/images.py", title="Images", icon=":material/image_search:"),
            st.Page("views/pages/study.py", title="Study", icon=":material/stacked_line_chart:"),
            st.Page("views/pages/glossary.py", title="Glossary", icon=":material/menu_book:", url_path="glossary"),
        ],
        position="top",
    )
    st.set_page_config(page_title=f"{page.title} · Pruning × Uncertainty Explorer", page_icon="🌗")
    state.ARRIVED.set(state.PAGE.is_set and state.PAGE.get() != page.url_path)
    state.PAGE.set(page.url_path)
    attend_window()
    page.run()
    if lock.current() is None:
        draw_type_switch()
else:
    from starlette.middleware import Middleware

    from views.browser.bounds import Bounded
    from views.browser.compression import Compressed
    from views.browser.hosts import Addressed
    from views.browser.page_style import Styled
    from views.browser.response_headers import Shielded
    from views.browser.visitor_cookie import Recognised
    from views.browser.whole_callbacks import let_callbacks_finish

    let_callbacks_finish()
    layers = (Addressed, Bounded, Shielded, Compressed, Recognised, Styled)
    app = st.App(__file__, middleware=[Middleware(layer) for layer in layers])
