<?cs # download_failed.txt.cs: files could not be prepared ?>The download you asked for could not be prepared. The backup itself is untouched.

  Project:      <?cs var:project ?>
  Environment:  <?cs var:environment ?>
  Backup:       <?cs var:backup.id ?>, taken <?cs var:taken ?>
  Contents:     <?cs var:contents ?>
  Asked for by: <?cs var:requested_by ?>
  Failed:       <?cs var:finished ?>
<?cs include!"mail/part_note.txt.cs" ?><?cs include!"mail/part_failed.txt.cs" ?>
-- 
You get this because <?cs var:recipient ?> asked for this download in the console at
<?cs var:console ?>
