"""What came of a pipeline in CI: every number beside those of the main branch and of the champion, for people and for programs."""
