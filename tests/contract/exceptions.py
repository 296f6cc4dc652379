"""Where Fanfold differs from the published description, each with its reason. The list is to shrink, never to grow."""

READ_ONLY_BY_MISTAKE = "published as read-only, while its own prose says that it is set at creation"
NAMED_IN_PROSE = "named as a filter in the operation's prose or in the service's own error message only"

DIFFERENCES = {
    "createCustomField: request field type is not published": "the deprecated twin of resource_subtype",
    "createSubtaskForTask: request field memberships is not published": READ_ONLY_BY_MISTAKE,
    "createTask: request field memberships is not published": READ_ONLY_BY_MISTAKE,
    "getTasks: parameter tag is not published": NAMED_IN_PROSE,
    "getTasks: parameter user_task_list is not published": NAMED_IN_PROSE,
}
"""Differences in parameters and fields, worded as the test words them."""

OPEN = {"AsanaNamedResource": "stands for the short form of a record of any kind, which may have more than a name"}
"""Published schemas that do not forbid further fields."""

ANSWERS = {
    r"getTaskTemplates: : Additional properties .*'next_page'": "taken by limit and offset, with no word of the next",
    r"(estimate|total)\.(value|units): null": "not nullable in the description, whose prose says that they are null",
    r'email_domains\.\*: .* is not a "uri"': "domains, which are no URIs in the description's examples either",
}
"""Faults of answers (a regular expression that finds them) that are the description's and not ours."""
