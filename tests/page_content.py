"""The documented example of a plan, to the letter: a page of blocks with all that is within them, put together."""

PAGE_CONTENT = [
    {
        "name": "page-content",
        "resource": "block-children",
        "method": "list",
        "query": {"block_id": "{{args.page_id}}", "truto_ignore_remote_data": True},
        "recurse": {
            "if": "{{resources.block-children.has_children:bool}}",
            "config": {"query": {"block_id": "{{resources.block-children.id}}"}},
        },
        "persist": False,
    },
    {"name": "all-page-content", "type": "spool", "depends_on": "page-content"},
    {
        "name": "combine-page-content",
        "type": "transform",
        "depends_on": "all-page-content",
        "persist": True,
        "config": {
            "expression": "$convertNotionToMarkdown($sortNodes($map(resources.`block-children`, function($v) "
            "{$merge([$v, {'parent_id': $firstNonEmpty($v.parent.page_id, $v.parent.block_id)}])}), 'id', 'parent_id'))"
        },
    },
]
