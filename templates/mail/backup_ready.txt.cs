<?cs # backup_ready.txt.cs: a backup is done ?>A backup is ready: stored, read back and compared.

  Project:      <?cs var:project ?>
  Environment:  <?cs var:environment ?>
  Backup:       <?cs var:backup.id ?>, taken <?cs var:taken ?>
  Contents:     <?cs var:contents ?> (<?cs var:size ?> stored)
  Asked for by: <?cs var:requested_by ?>
  Took:         <?cs var:duration ?>
<?cs include!"mail/part_note.txt.cs" ?><?cs each:part = parts ?><?cs var:part.service ?>
  size:   <?cs var:part.size ?> (<?cs var:part.bytes ?> bytes)
<?cs if:part.sha256 ?>  sha256: <?cs var:part.sha256 ?><?cs else ?>  sha256 as stored: <?cs var:part.stored_sha256 ?><?cs /if ?>

<?cs /each ?><?cs if:warnings ?>It has warnings (<?cs var:warnings ?>): some files could not be read, or changed
while they were read. The log names them.

<?cs /if ?>Details, log, download:
  <?cs var:backup.url ?>

-- 
You get this because <?cs var:recipient ?> asked to be told when this backup is done, in the
console at <?cs var:console ?>
