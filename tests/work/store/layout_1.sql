-- A database as the first release left it (layout 1): made by its own code, through its own operations.

CREATE TABLE record (
    gid       INTEGER PRIMARY KEY,
    kind      TEXT    NOT NULL,
    workspace INTEGER NOT NULL,            -- 0 for users, who stand above workspaces
    private   INTEGER NOT NULL DEFAULT 0,  -- 1: being in the workspace is not enough to see it
    document  BLOB    NOT NULL,            -- JSON, UTF-8: everything stored about it, relations to one as gid strings
    compact   BLOB    NOT NULL             -- JSON, UTF-8: the short form, rewritten with the document
);
CREATE INDEX record_by_kind ON record (workspace, kind, gid);
CREATE TABLE link (
    owner    INTEGER NOT NULL,
    field    TEXT    NOT NULL,
    position INTEGER NOT NULL,
    target   INTEGER NOT NULL,
    note     INTEGER,
    PRIMARY KEY (owner, field, position, target)
) WITHOUT ROWID;
CREATE INDEX link_backwards ON link (target, field, owner, position, note);
CREATE TABLE event (
    seq       INTEGER PRIMARY KEY,
    workspace INTEGER NOT NULL,
    resource  INTEGER NOT NULL,
    document  BLOB    NOT NULL
);
CREATE TABLE token (
    id         INTEGER PRIMARY KEY,
    digest     BLOB    NOT NULL UNIQUE,    -- SHA-256 of the token, which itself is never stored
    user       INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    created_at TEXT    NOT NULL,
    revoked_at TEXT
);
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX user_by_email ON record (lower(json_extract(CAST(document AS TEXT), '$.email'))) WHERE kind = 'user';

INSERT INTO setting VALUES ('first_user', CAST('1001' AS BLOB));
INSERT INTO setting VALUES ('next_gid', CAST('2025' AS BLOB));
INSERT INTO setting VALUES ('signing_key', X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');

INSERT INTO record VALUES (1001, 'user', 0, 0, CAST('{"name":"Ada Lovelace","email":"ada@example.com","photo":null}' AS BLOB), CAST('{"gid":"1001","resource_type":"user","name":"Ada Lovelace"}' AS BLOB));
INSERT INTO record VALUES (1002, 'user', 0, 0, CAST('{"name":"Bob Hope","email":"bob@example.com","photo":null}' AS BLOB), CAST('{"gid":"1002","resource_type":"user","name":"Bob Hope"}' AS BLOB));
INSERT INTO record VALUES (1003, 'workspace', 1003, 0, CAST('{"name":"Old times","email_domains":["example.com"],"is_organization":true}' AS BLOB), CAST('{"gid":"1003","resource_type":"workspace","name":"Old times"}' AS BLOB));
INSERT INTO record VALUES (1004, 'user_task_list', 1003, 0, CAST('{"name":"My Tasks in Old times","owner":"1001","workspace":"1003"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1005, 'workspace_membership', 1003, 0, CAST('{"user":"1001","workspace":"1003","user_task_list":"1004","is_active":true,"is_admin":true,"is_guest":false,"is_view_only":false,"vacation_dates":null,"created_at":"2026-03-02T09:00:02.000Z"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1006, 'user_task_list', 1003, 0, CAST('{"name":"My Tasks in Old times","owner":"1002","workspace":"1003"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1007, 'workspace_membership', 1003, 0, CAST('{"user":"1002","workspace":"1003","user_task_list":"1006","is_active":true,"is_admin":false,"is_guest":false,"is_view_only":false,"vacation_dates":null,"created_at":"2026-03-02T09:00:03.000Z"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1008, 'team', 1003, 0, CAST('{"name":"Makers","description":"","organization":"1003","visibility":"request_to_join","edit_team_name_or_description_access_level":"all_team_members","edit_team_visibility_or_trash_team_access_level":"all_team_members","member_invite_management_access_level":"all_team_members","guest_invite_management_access_level":"all_team_members","join_request_management_access_level":"all_team_members","team_member_removal_access_level":"all_team_members","team_content_management_access_level":"no_restriction","endorsed":false}' AS BLOB), CAST('{"gid":"1008","resource_type":"team","name":"Makers"}' AS BLOB));
INSERT INTO record VALUES (1009, 'team_membership', 1003, 0, CAST('{"user":"1001","team":"1008","is_guest":false,"is_limited_access":false,"is_admin":true}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1010, 'team_membership', 1003, 0, CAST('{"user":"1002","team":"1008","is_guest":false,"is_limited_access":false,"is_admin":false}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1011, 'tag', 1003, 0, CAST('{"name":"urgent","color":null,"notes":"","created_at":"2026-03-02T09:00:06.000Z","workspace":"1003"}' AS BLOB), CAST('{"gid":"1011","resource_type":"tag","name":"urgent"}' AS BLOB));
INSERT INTO record VALUES (1012, 'custom_field', 1003, 0, CAST('{"name":"Old text","resource_subtype":"text","type":"text","enabled":true,"representation_type":"text","id_prefix":null,"is_formula_field":false,"description":"","format":"none","currency_code":null,"custom_label":null,"custom_label_position":null,"is_global_to_workspace":true,"has_notifications_enabled":false,"asana_created_field":null,"is_value_read_only":false,"created_by":"1001","privacy_setting":"public_with_guests","default_access_level":"user","created_at":"2026-03-02T09:00:07.000Z","workspace":"1003","precision":null,"input_restrictions":null}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1013, 'custom_field', 1003, 0, CAST('{"name":"Old number","resource_subtype":"number","type":"number","enabled":true,"representation_type":"number","id_prefix":null,"is_formula_field":false,"description":"","format":"none","currency_code":null,"custom_label":null,"custom_label_position":null,"is_global_to_workspace":true,"has_notifications_enabled":false,"asana_created_field":null,"is_value_read_only":false,"created_by":"1001","privacy_setting":"public_with_guests","default_access_level":"user","created_at":"2026-03-02T09:00:08.000Z","workspace":"1003","precision":1,"input_restrictions":null}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1014, 'custom_field', 1003, 0, CAST('{"name":"Old enum","resource_subtype":"enum","type":"enum","enabled":true,"representation_type":"enum","id_prefix":null,"is_formula_field":false,"description":"","format":"none","currency_code":null,"custom_label":null,"custom_label_position":null,"is_global_to_workspace":true,"has_notifications_enabled":false,"asana_created_field":null,"is_value_read_only":false,"created_by":"1001","privacy_setting":"public_with_guests","default_access_level":"user","created_at":"2026-03-02T09:00:09.000Z","workspace":"1003","precision":null,"input_restrictions":null}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1015, 'enum_option', 1003, 0, CAST('{"name":"A","enabled":true,"color":"none","custom_field":"1014"}' AS BLOB), CAST('{"gid":"1015","resource_type":"enum_option","name":"A","enabled":true,"color":"none"}' AS BLOB));
INSERT INTO record VALUES (1016, 'enum_option', 1003, 0, CAST('{"name":"B","enabled":true,"color":"none","custom_field":"1014"}' AS BLOB), CAST('{"gid":"1016","resource_type":"enum_option","name":"B","enabled":true,"color":"none"}' AS BLOB));
INSERT INTO record VALUES (1017, 'custom_field', 1003, 0, CAST('{"name":"Old multi_enum","resource_subtype":"multi_enum","type":"multi_enum","enabled":true,"representation_type":"multi_enum","id_prefix":null,"is_formula_field":false,"description":"","format":"none","currency_code":null,"custom_label":null,"custom_label_position":null,"is_global_to_workspace":true,"has_notifications_enabled":false,"asana_created_field":null,"is_value_read_only":false,"created_by":"1001","privacy_setting":"public_with_guests","default_access_level":"user","created_at":"2026-03-02T09:00:10.000Z","workspace":"1003","precision":null,"input_restrictions":null}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1018, 'enum_option', 1003, 0, CAST('{"name":"A","enabled":true,"color":"none","custom_field":"1017"}' AS BLOB), CAST('{"gid":"1018","resource_type":"enum_option","name":"A","enabled":true,"color":"none"}' AS BLOB));
INSERT INTO record VALUES (1019, 'enum_option', 1003, 0, CAST('{"name":"B","enabled":true,"color":"none","custom_field":"1017"}' AS BLOB), CAST('{"gid":"1019","resource_type":"enum_option","name":"B","enabled":true,"color":"none"}' AS BLOB));
INSERT INTO record VALUES (1020, 'custom_field', 1003, 0, CAST('{"name":"Old date","resource_subtype":"date","type":"date","enabled":true,"representation_type":"date","id_prefix":null,"is_formula_field":false,"description":"","format":"none","currency_code":null,"custom_label":null,"custom_label_position":null,"is_global_to_workspace":true,"has_notifications_enabled":false,"asana_created_field":null,"is_value_read_only":false,"created_by":"1001","privacy_setting":"public_with_guests","default_access_level":"user","created_at":"2026-03-02T09:00:11.000Z","workspace":"1003","precision":null,"input_restrictions":null}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1021, 'custom_field', 1003, 0, CAST('{"name":"Old people","resource_subtype":"people","type":"people","enabled":true,"representation_type":"people","id_prefix":null,"is_formula_field":false,"description":"","format":"none","currency_code":null,"custom_label":null,"custom_label_position":null,"is_global_to_workspace":true,"has_notifications_enabled":false,"asana_created_field":null,"is_value_read_only":false,"created_by":"1001","privacy_setting":"public_with_guests","default_access_level":"user","created_at":"2026-03-02T09:00:12.000Z","workspace":"1003","precision":null,"input_restrictions":null}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1022, 'project', 1003, 0, CAST('{"name":"Old project","archived":false,"color":null,"icon":null,"created_at":"2026-03-02T09:00:13.000Z","current_status":null,"current_status_update":null,"default_view":"list","due_on":"2026-03-31","modified_at":"2026-03-02T09:00:39.000Z","notes":"From long ago","privacy_setting":"public_to_workspace","start_on":"2026-03-02","default_access_level":"editor","minimum_access_level_for_customization":"editor","minimum_access_level_for_sharing":"editor","completed":false,"completed_at":null,"completed_by":null,"owner":"1001","project_brief":null,"created_from_template":null,"workspace":"1003","team":"1008"}' AS BLOB), CAST('{"gid":"1022","resource_type":"project","name":"Old project"}' AS BLOB));
INSERT INTO record VALUES (1023, 'project_membership', 1003, 0, CAST('{"parent":"1022","member":"1001","access_level":"editor"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1024, 'section', 1003, 0, CAST('{"name":"Untitled section","created_at":"2026-03-02T09:00:13.000Z","project":"1022"}' AS BLOB), CAST('{"gid":"1024","resource_type":"section","name":"Untitled section"}' AS BLOB));
INSERT INTO record VALUES (1025, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1022","parent":"1022","custom_field":"1012"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1026, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1022","parent":"1022","custom_field":"1013"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1027, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1022","parent":"1022","custom_field":"1014"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1028, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1022","parent":"1022","custom_field":"1017"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1029, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1022","parent":"1022","custom_field":"1020"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1030, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1022","parent":"1022","custom_field":"1021"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1031, 'section', 1003, 0, CAST('{"name":"Doing","created_at":"2026-03-02T09:00:20.000Z","project":"1022"}' AS BLOB), CAST('{"gid":"1031","resource_type":"section","name":"Doing"}' AS BLOB));
INSERT INTO record VALUES (1035, 'task', 1003, 0, CAST('{"name":"Old task 0","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:22.000Z","due_at":null,"due_on":"2026-03-10","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:32.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1001","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","custom_fields":{"1012":"words","1013":2.5,"1014":"1015","1017":["1018","1019"],"1020":{"date":"2026-03-09"},"1021":["1002"]}}' AS BLOB), CAST('{"gid":"1035","resource_type":"task","name":"Old task 0","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1036, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:22.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1035","assignee":"1001"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1037, 'task', 1003, 0, CAST('{"name":"Old task 1","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:23.000Z","due_at":null,"due_on":"2026-03-11","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:28.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1002","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003"}' AS BLOB), CAST('{"gid":"1037","resource_type":"task","name":"Old task 1","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1038, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:23.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1037","assignee":"1002"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1039, 'task', 1003, 0, CAST('{"name":"Old task 2","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":true,"completed_at":"2026-03-02T09:00:30.000Z","completed_by":"1001","created_at":"2026-03-02T09:00:24.000Z","due_at":null,"due_on":"2026-03-12","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:30.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1001","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003"}' AS BLOB), CAST('{"gid":"1039","resource_type":"task","name":"Old task 2","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1040, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:24.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1039","assignee":"1001"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1041, 'task', 1003, 0, CAST('{"name":"Old task 3","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:25.000Z","due_at":null,"due_on":"2026-03-13","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:25.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1002","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003"}' AS BLOB), CAST('{"gid":"1041","resource_type":"task","name":"Old task 3","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1042, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:25.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1041","assignee":"1002"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1043, 'task', 1003, 0, CAST('{"name":"Old subtask","resource_subtype":"default_task","created_by":"1001","assigned_by":null,"completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:27.000Z","due_at":null,"due_on":null,"is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:27.000Z","notes":"","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":null,"custom_type":null,"custom_type_status_option":null,"parent":"1035","workspace":"1003"}' AS BLOB), CAST('{"gid":"1043","resource_type":"task","name":"Old subtask","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1044, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:28.000Z","created_by":"1001","resource_subtype":"dependency_added","text":"made this task wait for another","is_pinned":false,"is_edited":false,"source":"api","target":"1037","dependency":"1035"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1045, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:29.000Z","created_by":"1001","resource_subtype":"added_to_tag","text":"added a tag","is_pinned":false,"is_edited":false,"source":"api","target":"1035","tag":"1011"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1046, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:30.000Z","created_by":"1001","resource_subtype":"marked_complete","text":"completed this task","is_pinned":false,"is_edited":false,"source":"api","target":"1039"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1047, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:31.000Z","created_by":"1002","resource_subtype":"comment_added","text":"An old comment","is_pinned":false,"is_edited":false,"source":"api","target":"1035"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1049, 'task', 1003, 1, CAST('{"name":"Nobody sees","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:33.000Z","due_at":null,"due_on":null,"is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:33.000Z","notes":"","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1001","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003"}' AS BLOB), CAST('{"gid":"1049","resource_type":"task","name":"Nobody sees","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1050, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:33.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1049","assignee":"1001"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1053, 'project_membership', 1003, 0, CAST('{"parent":"1022","member":"1002","access_level":"editor"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1054, 'task', 1003, 0, CAST('{"name":"Old milestone","resource_subtype":"milestone","created_by":"1001","assigned_by":null,"completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:41.000Z","due_at":null,"due_on":"2026-03-31","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:41.000Z","notes":"","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":null,"custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003"}' AS BLOB), CAST('{"gid":"1054","resource_type":"task","name":"Old milestone","resource_subtype":"milestone"}' AS BLOB));
INSERT INTO record VALUES (1055, 'task', 1003, 0, CAST('{"name":"Old approval","resource_subtype":"approval","created_by":"1001","assigned_by":null,"completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:42.000Z","due_at":null,"due_on":null,"is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:42.000Z","notes":"","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":null,"custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","approval_status":"pending"}' AS BLOB), CAST('{"gid":"1055","resource_type":"task","name":"Old approval","resource_subtype":"approval"}' AS BLOB));
INSERT INTO record VALUES (1056, 'project_template', 1003, 0, CAST('{"name":"Old pattern","description":"From long ago","public":true,"owner":"1001","requested_dates":[],"color":null,"requested_roles":[],"team":"1008","project":"1022"}' AS BLOB), CAST('{"gid":"1056","resource_type":"project_template","name":"Old pattern"}' AS BLOB));
INSERT INTO record VALUES (1057, 'job', 1003, 1, CAST('{"resource_subtype":"save_as_template","status":"succeeded","new_project_template":"1056","user":"1001"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1058, 'project', 1003, 0, CAST('{"name":"Old copy","archived":false,"color":null,"icon":null,"created_at":"2026-03-02T09:00:44.000Z","current_status":null,"current_status_update":null,"default_view":"list","due_on":"2026-03-31","modified_at":"2026-03-02T09:00:44.000Z","notes":"","privacy_setting":"public_to_workspace","start_on":"2026-03-02","default_access_level":"editor","minimum_access_level_for_customization":"editor","minimum_access_level_for_sharing":"editor","completed":false,"completed_at":null,"completed_by":null,"owner":"1001","project_brief":null,"created_from_template":null,"workspace":"1003","team":"1008","html_notes":null}' AS BLOB), CAST('{"gid":"1058","resource_type":"project","name":"Old copy"}' AS BLOB));
INSERT INTO record VALUES (1059, 'project_membership', 1003, 0, CAST('{"parent":"1058","member":"1001","access_level":"editor"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1060, 'project_membership', 1003, 0, CAST('{"parent":"1058","member":"1002","access_level":"editor"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1061, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1058","parent":"1058","custom_field":"1012"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1062, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1058","parent":"1058","custom_field":"1013"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1063, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1058","parent":"1058","custom_field":"1014"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1064, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1058","parent":"1058","custom_field":"1017"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1065, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1058","parent":"1058","custom_field":"1020"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1066, 'custom_field_setting', 1003, 0, CAST('{"is_important":false,"project":"1058","parent":"1058","custom_field":"1021"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1067, 'task', 1003, 0, CAST('{"name":"Old task 2","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:44.000Z","due_at":null,"due_on":"2026-03-12","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:44.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1001","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","external":null}' AS BLOB), CAST('{"gid":"1067","resource_type":"task","name":"Old task 2","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1068, 'task', 1003, 0, CAST('{"name":"Old task 0","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:44.000Z","due_at":null,"due_on":"2026-03-10","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:44.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1001","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","custom_fields":{"1012":"words","1013":2.5,"1014":"1015","1017":["1018","1019"],"1020":{"date":"2026-03-09"},"1021":["1002"]},"external":null}' AS BLOB), CAST('{"gid":"1068","resource_type":"task","name":"Old task 0","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1069, 'task', 1003, 0, CAST('{"name":"Old task 1","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:44.000Z","due_at":null,"due_on":"2026-03-11","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:44.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1002","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","external":null}' AS BLOB), CAST('{"gid":"1069","resource_type":"task","name":"Old task 1","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1070, 'task', 1003, 0, CAST('{"name":"Old task 3","resource_subtype":"default_task","created_by":"1001","assigned_by":"1001","completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:44.000Z","due_at":null,"due_on":"2026-03-13","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:44.000Z","notes":"n","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":"1002","custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","external":null}' AS BLOB), CAST('{"gid":"1070","resource_type":"task","name":"Old task 3","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1071, 'task', 1003, 0, CAST('{"name":"Old milestone","resource_subtype":"milestone","created_by":"1001","assigned_by":null,"completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:44.000Z","due_at":null,"due_on":"2026-03-31","is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:44.000Z","notes":"","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":null,"custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","external":null}' AS BLOB), CAST('{"gid":"1071","resource_type":"task","name":"Old milestone","resource_subtype":"milestone"}' AS BLOB));
INSERT INTO record VALUES (1072, 'task', 1003, 0, CAST('{"name":"Old approval","resource_subtype":"approval","created_by":"1001","assigned_by":null,"completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:44.000Z","due_at":null,"due_on":null,"is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:44.000Z","notes":"","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":null,"custom_type":null,"custom_type_status_option":null,"parent":null,"workspace":"1003","approval_status":"pending","external":null}' AS BLOB), CAST('{"gid":"1072","resource_type":"task","name":"Old approval","resource_subtype":"approval"}' AS BLOB));
INSERT INTO record VALUES (1073, 'task', 1003, 0, CAST('{"name":"Old subtask","resource_subtype":"default_task","created_by":"1001","assigned_by":null,"completed":false,"completed_at":null,"completed_by":null,"created_at":"2026-03-02T09:00:44.000Z","due_at":null,"due_on":null,"is_rendered_as_separator":false,"modified_at":"2026-03-02T09:00:44.000Z","notes":"","start_at":null,"start_on":null,"actual_time_minutes":null,"assignee":null,"custom_type":null,"custom_type_status_option":null,"parent":"1068","workspace":"1003","external":null}' AS BLOB), CAST('{"gid":"1073","resource_type":"task","name":"Old subtask","resource_subtype":"default_task"}' AS BLOB));
INSERT INTO record VALUES (1074, 'section', 1003, 0, CAST('{"name":"Untitled section","created_at":"2026-03-02T09:00:44.000Z","project":"1058"}' AS BLOB), CAST('{"gid":"1074","resource_type":"section","name":"Untitled section"}' AS BLOB));
INSERT INTO record VALUES (1075, 'section', 1003, 0, CAST('{"name":"Doing","created_at":"2026-03-02T09:00:44.000Z","project":"1058"}' AS BLOB), CAST('{"gid":"1075","resource_type":"section","name":"Doing"}' AS BLOB));
INSERT INTO record VALUES (1076, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:44.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1067","assignee":"1001"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1077, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:44.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1068","assignee":"1001"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1078, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:44.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1069","assignee":"1002"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1079, 'story', 1003, 0, CAST('{"created_at":"2026-03-02T09:00:44.000Z","created_by":"1001","resource_subtype":"assigned","text":"assigned this task","is_pinned":false,"is_edited":false,"source":"api","target":"1070","assignee":"1002"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1080, 'job', 1003, 1, CAST('{"resource_subtype":"duplicate_project","status":"succeeded","new_project":"1058","user":"1001"}' AS BLOB), CAST('' AS BLOB));
INSERT INTO record VALUES (1081, 'project_template', 1003, 1, CAST('{"name":"Pattern of nothing","description":"","public":false,"owner":"1001","requested_dates":[],"color":null,"requested_roles":[],"team":"1008","project":"1032"}' AS BLOB), CAST('{"gid":"1081","resource_type":"project_template","name":"Pattern of nothing"}' AS BLOB));
INSERT INTO record VALUES (1082, 'job', 1003, 1, CAST('{"resource_subtype":"save_as_template","status":"succeeded","new_project_template":"1081","user":"1001"}' AS BLOB), CAST('' AS BLOB));

INSERT INTO link VALUES (1022, 'project.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1058, 'project.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1022, 'project.members', 1023, 1001, 1023);
INSERT INTO link VALUES (1058, 'project.members', 1059, 1001, 1059);
INSERT INTO link VALUES (1035, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1037, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1039, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1041, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1043, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1049, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1054, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1055, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1067, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1068, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1069, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1070, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1071, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1072, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1073, 'task.followers', 0, 1001, NULL);
INSERT INTO link VALUES (1035, 'task.likes', 0, 1001, 1048);
INSERT INTO link VALUES (1008, 'team.members', 1009, 1001, 1009);
INSERT INTO link VALUES (1003, 'workspace.members', 1005, 1001, 1005);
INSERT INTO link VALUES (1022, 'project.followers', 4294967296, 1002, NULL);
INSERT INTO link VALUES (1022, 'project.members', 1053, 1002, 1053);
INSERT INTO link VALUES (1058, 'project.members', 1060, 1002, 1060);
INSERT INTO link VALUES (1035, 'task.custom_objects', 0, 1002, NULL);
INSERT INTO link VALUES (1068, 'task.custom_objects', 0, 1002, NULL);
INSERT INTO link VALUES (1037, 'task.followers', 4294967296, 1002, NULL);
INSERT INTO link VALUES (1041, 'task.followers', 4294967296, 1002, NULL);
INSERT INTO link VALUES (1008, 'team.members', 1010, 1002, 1010);
INSERT INTO link VALUES (1003, 'workspace.members', 1007, 1002, 1007);
INSERT INTO link VALUES (1001, 'user.task_lists', 1003, 1004, 1003);
INSERT INTO link VALUES (1002, 'user.task_lists', 1003, 1006, 1003);
INSERT INTO link VALUES (1035, 'task.tags', 0, 1011, NULL);
INSERT INTO link VALUES (1014, 'custom_field.enum_options', 0, 1015, NULL);
INSERT INTO link VALUES (1014, 'custom_field.enum_options', 4294967296, 1016, NULL);
INSERT INTO link VALUES (1017, 'custom_field.enum_options', 0, 1018, NULL);
INSERT INTO link VALUES (1017, 'custom_field.enum_options', 4294967296, 1019, NULL);
INSERT INTO link VALUES (1008, 'team.projects', 0, 1022, NULL);
INSERT INTO link VALUES (1022, 'project.sections', 0, 1024, NULL);
INSERT INTO link VALUES (1012, 'custom_field.settings', 0, 1025, NULL);
INSERT INTO link VALUES (1022, 'project.custom_field_settings', 0, 1025, 1012);
INSERT INTO link VALUES (1013, 'custom_field.settings', 0, 1026, NULL);
INSERT INTO link VALUES (1022, 'project.custom_field_settings', 4294967296, 1026, 1013);
INSERT INTO link VALUES (1014, 'custom_field.settings', 0, 1027, NULL);
INSERT INTO link VALUES (1022, 'project.custom_field_settings', 8589934592, 1027, 1014);
INSERT INTO link VALUES (1017, 'custom_field.settings', 0, 1028, NULL);
INSERT INTO link VALUES (1022, 'project.custom_field_settings', 12884901888, 1028, 1017);
INSERT INTO link VALUES (1020, 'custom_field.settings', 0, 1029, NULL);
INSERT INTO link VALUES (1022, 'project.custom_field_settings', 17179869184, 1029, 1020);
INSERT INTO link VALUES (1021, 'custom_field.settings', 0, 1030, NULL);
INSERT INTO link VALUES (1022, 'project.custom_field_settings', 21474836480, 1030, 1021);
INSERT INTO link VALUES (1022, 'project.sections', 4294967296, 1031, NULL);
INSERT INTO link VALUES (1031, 'section.tasks', 0, 1035, 1022);
INSERT INTO link VALUES (1037, 'task.dependencies', 0, 1035, NULL);
INSERT INTO link VALUES (1004, 'user_task_list.tasks', 0, 1035, NULL);
INSERT INTO link VALUES (1035, 'task.stories', 1036, 1036, NULL);
INSERT INTO link VALUES (1031, 'section.tasks', 4294967296, 1037, 1022);
INSERT INTO link VALUES (1006, 'user_task_list.tasks', 0, 1037, NULL);
INSERT INTO link VALUES (1037, 'task.stories', 1038, 1038, NULL);
INSERT INTO link VALUES (1031, 'section.tasks', -4294967296, 1039, 1022);
INSERT INTO link VALUES (1004, 'user_task_list.tasks', 4294967296, 1039, NULL);
INSERT INTO link VALUES (1039, 'task.stories', 1040, 1040, NULL);
INSERT INTO link VALUES (1031, 'section.tasks', 12884901888, 1041, 1022);
INSERT INTO link VALUES (1006, 'user_task_list.tasks', 4294967296, 1041, NULL);
INSERT INTO link VALUES (1041, 'task.stories', 1042, 1042, NULL);
INSERT INTO link VALUES (1035, 'task.subtasks', 0, 1043, NULL);
INSERT INTO link VALUES (1037, 'task.stories', 1044, 1044, NULL);
INSERT INTO link VALUES (1035, 'task.stories', 1045, 1045, NULL);
INSERT INTO link VALUES (1039, 'task.stories', 1046, 1046, NULL);
INSERT INTO link VALUES (1035, 'task.stories', 1047, 1047, NULL);
INSERT INTO link VALUES (1004, 'user_task_list.tasks', 8589934592, 1049, NULL);
INSERT INTO link VALUES (1049, 'task.stories', 1050, 1050, NULL);
INSERT INTO link VALUES (1031, 'section.tasks', 17179869184, 1054, 1022);
INSERT INTO link VALUES (1031, 'section.tasks', 21474836480, 1055, 1022);
INSERT INTO link VALUES (1008, 'team.projects', 8589934592, 1058, NULL);
INSERT INTO link VALUES (1012, 'custom_field.settings', 4294967296, 1061, NULL);
INSERT INTO link VALUES (1058, 'project.custom_field_settings', 0, 1061, 1012);
INSERT INTO link VALUES (1013, 'custom_field.settings', 4294967296, 1062, NULL);
INSERT INTO link VALUES (1058, 'project.custom_field_settings', 4294967296, 1062, 1013);
INSERT INTO link VALUES (1014, 'custom_field.settings', 4294967296, 1063, NULL);
INSERT INTO link VALUES (1058, 'project.custom_field_settings', 8589934592, 1063, 1014);
INSERT INTO link VALUES (1017, 'custom_field.settings', 4294967296, 1064, NULL);
INSERT INTO link VALUES (1058, 'project.custom_field_settings', 12884901888, 1064, 1017);
INSERT INTO link VALUES (1020, 'custom_field.settings', 4294967296, 1065, NULL);
INSERT INTO link VALUES (1058, 'project.custom_field_settings', 17179869184, 1065, 1020);
INSERT INTO link VALUES (1021, 'custom_field.settings', 4294967296, 1066, NULL);
INSERT INTO link VALUES (1058, 'project.custom_field_settings', 21474836480, 1066, 1021);
INSERT INTO link VALUES (1075, 'section.tasks', 0, 1067, 1058);
INSERT INTO link VALUES (1004, 'user_task_list.tasks', 12884901888, 1067, NULL);
INSERT INTO link VALUES (1075, 'section.tasks', 4294967296, 1068, 1058);
INSERT INTO link VALUES (1004, 'user_task_list.tasks', 17179869184, 1068, NULL);
INSERT INTO link VALUES (1075, 'section.tasks', 8589934592, 1069, 1058);
INSERT INTO link VALUES (1006, 'user_task_list.tasks', 8589934592, 1069, NULL);
INSERT INTO link VALUES (1075, 'section.tasks', 12884901888, 1070, 1058);
INSERT INTO link VALUES (1006, 'user_task_list.tasks', 12884901888, 1070, NULL);
INSERT INTO link VALUES (1075, 'section.tasks', 17179869184, 1071, 1058);
INSERT INTO link VALUES (1075, 'section.tasks', 21474836480, 1072, 1058);
INSERT INTO link VALUES (1068, 'task.subtasks', 0, 1073, NULL);
INSERT INTO link VALUES (1058, 'project.sections', 0, 1074, NULL);
INSERT INTO link VALUES (1058, 'project.sections', 4294967296, 1075, NULL);
INSERT INTO link VALUES (1067, 'task.stories', 1076, 1076, NULL);
INSERT INTO link VALUES (1068, 'task.stories', 1077, 1077, NULL);
INSERT INTO link VALUES (1069, 'task.stories', 1078, 1078, NULL);
INSERT INTO link VALUES (1070, 'task.stories', 1079, 1079, NULL);

INSERT INTO event VALUES (1, 1003, 1003, CAST('[0,"2026-03-02T09:00:01.000Z","workspace",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (2, 1003, 1004, CAST('[1001,"2026-03-02T09:00:02.000Z","user_task_list",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (3, 1003, 1005, CAST('[1001,"2026-03-02T09:00:02.000Z","workspace_membership",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (4, 1003, 1006, CAST('[1001,"2026-03-02T09:00:03.000Z","user_task_list",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (5, 1003, 1007, CAST('[1001,"2026-03-02T09:00:03.000Z","workspace_membership",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (6, 1003, 1009, CAST('[1001,"2026-03-02T09:00:04.000Z","team_membership",0,1008,[["added",1008]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (7, 1003, 1008, CAST('[1001,"2026-03-02T09:00:04.000Z","team",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (8, 1003, 1010, CAST('[1001,"2026-03-02T09:00:05.000Z","team_membership",0,1008,[["added",1008]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (9, 1003, 1011, CAST('[1001,"2026-03-02T09:00:06.000Z","tag",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (10, 1003, 1012, CAST('[1001,"2026-03-02T09:00:07.000Z","custom_field",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (11, 1003, 1013, CAST('[1001,"2026-03-02T09:00:08.000Z","custom_field",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (12, 1003, 1015, CAST('[1001,"2026-03-02T09:00:09.000Z","enum_option",0,1014,[["added",1014]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (13, 1003, 1016, CAST('[1001,"2026-03-02T09:00:09.000Z","enum_option",0,1014,[["added",1014]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (14, 1003, 1014, CAST('[1001,"2026-03-02T09:00:09.000Z","custom_field",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (15, 1003, 1018, CAST('[1001,"2026-03-02T09:00:10.000Z","enum_option",0,1017,[["added",1017]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (16, 1003, 1019, CAST('[1001,"2026-03-02T09:00:10.000Z","enum_option",0,1017,[["added",1017]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (17, 1003, 1017, CAST('[1001,"2026-03-02T09:00:10.000Z","custom_field",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (18, 1003, 1020, CAST('[1001,"2026-03-02T09:00:11.000Z","custom_field",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (19, 1003, 1021, CAST('[1001,"2026-03-02T09:00:12.000Z","custom_field",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (20, 1003, 1023, CAST('[1001,"2026-03-02T09:00:13.000Z","project_membership",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (21, 1003, 1024, CAST('[1001,"2026-03-02T09:00:13.000Z","section",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (22, 1003, 1022, CAST('[1001,"2026-03-02T09:00:13.000Z","project",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (23, 1003, 1025, CAST('[1001,"2026-03-02T09:00:14.000Z","custom_field_setting",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (24, 1003, 1026, CAST('[1001,"2026-03-02T09:00:15.000Z","custom_field_setting",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (25, 1003, 1027, CAST('[1001,"2026-03-02T09:00:16.000Z","custom_field_setting",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (26, 1003, 1028, CAST('[1001,"2026-03-02T09:00:17.000Z","custom_field_setting",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (27, 1003, 1029, CAST('[1001,"2026-03-02T09:00:18.000Z","custom_field_setting",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (28, 1003, 1030, CAST('[1001,"2026-03-02T09:00:19.000Z","custom_field_setting",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (29, 1003, 1031, CAST('[1001,"2026-03-02T09:00:20.000Z","section",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (30, 1003, 1033, CAST('[1001,"2026-03-02T09:00:21.000Z","project_membership",0,1032,[["added",1032]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (31, 1003, 1034, CAST('[1001,"2026-03-02T09:00:21.000Z","section",1,1032,[["added",1032]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (32, 1003, 1032, CAST('[1001,"2026-03-02T09:00:21.000Z","project",1,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (33, 1003, 1036, CAST('[1001,"2026-03-02T09:00:22.000Z","story",0,1035,[["added",1035]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (34, 1003, 1035, CAST('[1001,"2026-03-02T09:00:22.000Z","task",0,0,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (35, 1003, 1038, CAST('[1001,"2026-03-02T09:00:23.000Z","story",0,1037,[["added",1037]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (36, 1003, 1037, CAST('[1001,"2026-03-02T09:00:23.000Z","task",0,0,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (37, 1003, 1040, CAST('[1001,"2026-03-02T09:00:24.000Z","story",0,1039,[["added",1039]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (38, 1003, 1039, CAST('[1001,"2026-03-02T09:00:24.000Z","task",0,0,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (39, 1003, 1042, CAST('[1001,"2026-03-02T09:00:25.000Z","story",0,1041,[["added",1041]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (40, 1003, 1041, CAST('[1001,"2026-03-02T09:00:25.000Z","task",0,0,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (41, 1003, 1035, CAST('[1001,"2026-03-02T09:00:26.000Z","task",0,0,[],[["custom_fields","changed",0]],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (42, 1003, 1043, CAST('[1001,"2026-03-02T09:00:27.000Z","task",0,1035,[["added",1035]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (43, 1003, 1044, CAST('[1001,"2026-03-02T09:00:28.000Z","story",0,1037,[["added",1037]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (44, 1003, 1037, CAST('[1001,"2026-03-02T09:00:28.000Z","task",0,0,[],[["dependencies","added",1035]],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (45, 1003, 1045, CAST('[1001,"2026-03-02T09:00:29.000Z","story",0,1035,[["added",1035]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (46, 1003, 1035, CAST('[1001,"2026-03-02T09:00:29.000Z","task",0,0,[],[["tags","added",1011]],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (47, 1003, 1046, CAST('[1001,"2026-03-02T09:00:30.000Z","story",0,1039,[["added",1039]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (48, 1003, 1039, CAST('[1001,"2026-03-02T09:00:30.000Z","task",0,0,[],[["completed","changed",0]],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (49, 1003, 1047, CAST('[1002,"2026-03-02T09:00:31.000Z","story",0,1035,[["added",1035]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (50, 1003, 1035, CAST('[1001,"2026-03-02T09:00:32.000Z","task",0,0,[],[["likes","added",1001]],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (51, 1003, 1050, CAST('[1001,"2026-03-02T09:00:33.000Z","story",0,1049,[["added",1049]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (52, 1003, 1049, CAST('[1001,"2026-03-02T09:00:33.000Z","task",1,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (53, 1003, 1051, CAST('[1001,"2026-03-02T09:00:34.000Z","task",0,0,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (54, 1003, 1051, CAST('[1001,"2026-03-02T09:00:35.000Z","task",0,0,[],[],true,"Gone",[1001]]' AS BLOB));
INSERT INTO event VALUES (55, 1003, 1052, CAST('[1001,"2026-03-02T09:00:36.000Z","section",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (56, 1003, 1052, CAST('[1001,"2026-03-02T09:00:37.000Z","section",0,1022,[],[],true,"Gone section",[]]' AS BLOB));
INSERT INTO event VALUES (57, 1003, 1053, CAST('[1001,"2026-03-02T09:00:38.000Z","project_membership",0,1022,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (58, 1003, 1022, CAST('[1001,"2026-03-02T09:00:38.000Z","project",0,0,[],[["members","added",1002]],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (59, 1003, 1022, CAST('[1001,"2026-03-02T09:00:39.000Z","project",0,0,[],[["followers","added",1002]],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (60, 1003, 1054, CAST('[1001,"2026-03-02T09:00:41.000Z","task",0,0,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (61, 1003, 1055, CAST('[1001,"2026-03-02T09:00:42.000Z","task",0,0,[["added",1022]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (62, 1003, 1056, CAST('[1001,"2026-03-02T09:00:43.000Z","project_template",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (63, 1003, 1057, CAST('[1001,"2026-03-02T09:00:43.000Z","job",1,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (64, 1003, 1059, CAST('[1001,"2026-03-02T09:00:44.000Z","project_membership",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (65, 1003, 1060, CAST('[1001,"2026-03-02T09:00:44.000Z","project_membership",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (66, 1003, 1058, CAST('[1001,"2026-03-02T09:00:44.000Z","project",0,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (67, 1003, 1061, CAST('[1001,"2026-03-02T09:00:44.000Z","custom_field_setting",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (68, 1003, 1062, CAST('[1001,"2026-03-02T09:00:44.000Z","custom_field_setting",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (69, 1003, 1063, CAST('[1001,"2026-03-02T09:00:44.000Z","custom_field_setting",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (70, 1003, 1064, CAST('[1001,"2026-03-02T09:00:44.000Z","custom_field_setting",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (71, 1003, 1065, CAST('[1001,"2026-03-02T09:00:44.000Z","custom_field_setting",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (72, 1003, 1066, CAST('[1001,"2026-03-02T09:00:44.000Z","custom_field_setting",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (73, 1003, 1074, CAST('[1001,"2026-03-02T09:00:44.000Z","section",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (74, 1003, 1075, CAST('[1001,"2026-03-02T09:00:44.000Z","section",0,1058,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (75, 1003, 1076, CAST('[1001,"2026-03-02T09:00:44.000Z","story",0,1067,[["added",1067]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (76, 1003, 1067, CAST('[1001,"2026-03-02T09:00:44.000Z","task",0,0,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (77, 1003, 1077, CAST('[1001,"2026-03-02T09:00:44.000Z","story",0,1068,[["added",1068]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (78, 1003, 1068, CAST('[1001,"2026-03-02T09:00:44.000Z","task",0,0,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (79, 1003, 1078, CAST('[1001,"2026-03-02T09:00:44.000Z","story",0,1069,[["added",1069]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (80, 1003, 1069, CAST('[1001,"2026-03-02T09:00:44.000Z","task",0,0,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (81, 1003, 1079, CAST('[1001,"2026-03-02T09:00:44.000Z","story",0,1070,[["added",1070]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (82, 1003, 1070, CAST('[1001,"2026-03-02T09:00:44.000Z","task",0,0,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (83, 1003, 1071, CAST('[1001,"2026-03-02T09:00:44.000Z","task",0,0,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (84, 1003, 1072, CAST('[1001,"2026-03-02T09:00:44.000Z","task",0,0,[["added",1058]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (85, 1003, 1073, CAST('[1001,"2026-03-02T09:00:44.000Z","task",0,1068,[["added",1068]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (86, 1003, 1080, CAST('[1001,"2026-03-02T09:00:44.000Z","job",1,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (87, 1003, 1081, CAST('[1001,"2026-03-02T09:00:45.000Z","project_template",1,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (88, 1003, 1082, CAST('[1001,"2026-03-02T09:00:45.000Z","job",1,0,[["added",0]],[],false,"",[]]' AS BLOB));
INSERT INTO event VALUES (89, 1003, 1033, CAST('[1001,"2026-03-02T09:00:46.000Z","project_membership",0,1032,[],[],true,"",[]]' AS BLOB));
INSERT INTO event VALUES (90, 1003, 1032, CAST('[1001,"2026-03-02T09:00:46.000Z","project",1,0,[],[],true,"Secret",[1001]]' AS BLOB));

INSERT INTO token VALUES (1, X'fa97924f07882547f5baea891f77cb5bada1b2256c35a5e5b23d13423e4624ea', 1001, 'old', '2026-03-02T09:00:47.000Z', NULL);

PRAGMA user_version = 1;
