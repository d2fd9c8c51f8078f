<?cs # download_ready.txt.cs: the links to prepared files ?>The download you asked for is ready.

  Project:      <?cs var:project ?>
  Environment:  <?cs var:environment ?>
  Backup:       <?cs var:backup.id ?>, taken <?cs var:taken ?>
  Contents:     <?cs var:contents ?> (<?cs var:size ?>)
  Asked for by: <?cs var:requested_by ?>
  Expires:      <?cs var:expires ?>; until then each file can be fetched <?cs if:once ?>once<?cs else ?><?cs var:uses ?> times<?cs /if ?>
<?cs include!"mail/part_note.txt.cs" ?><?cs each:file = files ?><?cs var:file.service ?>: <?cs var:file.name ?>
  <?cs var:file.url ?>
  size:   <?cs var:file.size ?> (<?cs var:file.bytes ?> bytes)
  sha256: <?cs var:file.sha256 ?>

<?cs /each ?>All files on one page:
  <?cs var:page ?>

Opening a link spends nothing; its button starts the download. Whoever has this
mail can fetch the files: keep it as you would keep the data. You can revoke the
links at <?cs var:download.url ?>

-- 
You get this because <?cs var:recipient ?> asked for this download in the console at
<?cs var:console ?>
