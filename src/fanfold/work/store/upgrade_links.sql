-- What a database of a layout before 5 has otherwise: links by gids of other systems that are too long for an index of
-- PostgreSQL, to which the database may be copied some day. Run once.

UPDATE link SET field = external_field(substr(field, 10))
WHERE field >= 'external:' AND field < 'external;' AND field <> external_field(substr(field, 10));
