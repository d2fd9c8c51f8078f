<?cs # backup_failed.txt.cs: a backup did not work out ?>A backup failed. Earlier backups are untouched; nothing of this one is listed.

  Project:      <?cs var:project ?>
  Environment:  <?cs var:environment ?>
  Backup:       <?cs var:backup.id ?> (<?cs var:contents ?>)
  Asked for by: <?cs var:requested_by ?>
  Failed:       <?cs var:finished ?>
<?cs include!"mail/part_note.txt.cs" ?><?cs include!"mail/part_failed.txt.cs" ?>
-- 
You get this because <?cs var:recipient ?> <?cs if:by_system ?>is an owner of <?cs var:project ?><?cs else ?>asked for this backup<?cs /if ?> in the console at
<?cs var:console ?>
