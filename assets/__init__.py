"""Data shipped with C3: styles, guides, templates, playbooks and the rehearsal stand-ins."""
