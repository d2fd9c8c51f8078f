<?cs # restore_test_failed.txt.cs: a test restore came to no result ?>A test restore <?cs if:cancelled ?>was cancelled<?cs else ?>failed<?cs /if ?>. The data of the environment was not touched.

  Project:      <?cs var:project ?>
  Environment:  <?cs var:environment ?>
  Backup:       <?cs var:backup.id ?> (<?cs var:contents ?>), made <?cs var:taken ?>
  Asked for by: <?cs var:requested_by ?>
<?cs if:duration ?>  Took:         <?cs var:duration ?>
<?cs /if ?>  Ended:        <?cs var:finished ?>
<?cs include!"mail/part_note.txt.cs" ?><?cs include!"mail/part_failed.txt.cs" ?>
The backup:
  <?cs var:backup.url ?>

-- 
You get this because <?cs var:recipient ?> <?cs if:watches ?>watches <?cs var:project ?>/<?cs var:environment ?><?cs else ?>asked for this<?cs /if ?> in the console at
<?cs var:console ?>
