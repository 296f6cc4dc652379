"""Where the published description contradicts itself, so that no answer could agree with it, and what is ours alone."""

OPEN = {"AsanaNamedResource": "stands for the short form of a record of any kind, which may have more than a name"}
"""Published schemas that do not forbid further fields."""

ANSWERS = {
    r"getTaskTemplates: : Additional properties .*'next_page'": "taken by limit and offset, with no word of the next",
    r"(estimate|total)\.(value|units): null": "not nullable in the description, whose prose says that they are null",
    r'email_domains\.\*: .* is not a "uri"': "domains, which are no URIs in the description's examples either",
}
"""Faults of answers (a regular expression that finds them) that are the description's and not ours."""

ADDED = {"createBatchRequest: request field options is not published": "how a batch is run; without it nothing differs"}
"""Differences from the published description that are an extension of it, which plain clients never meet."""
