"""Load curves judged: features, an explained model, use against output, private lines; docs/power.md."""
