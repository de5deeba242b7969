"""The window: one user of the engine. Views take the session, redraw from it, and never meet."""
