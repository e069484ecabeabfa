"""Hooks out: another program hears what happens here, signed by Standard Webhooks.

kinds.py: of what it can hear. listening.py: whether anybody does. telling.py: what follows from an event. sending.py:
one attempt, and when the next is. body.py: what is sent, which is asked of the oracle each time. manage.py: hooks are
made, changed, ended, deliveries looked at and sent again. For people: docs/hooks.md.
"""
