<?cs # restore_tested.txt.cs: what a test restore found ?><?cs if:equal ?>The backup was restored into a scratch target and is equal to what was backed up.<?cs else ?>The backup was restored into a scratch target and DIFFERS from what was backed up.<?cs /if ?>

  Project:      <?cs var:project ?>
  Environment:  <?cs var:environment ?>
  Backup:       <?cs var:backup.id ?> (<?cs var:contents ?>), made <?cs var:taken ?>
  Asked for by: <?cs var:requested_by ?>
<?cs if:duration ?>  Took:         <?cs var:duration ?>
<?cs /if ?>  Ended:        <?cs var:finished ?>
<?cs include!"mail/part_note.txt.cs" ?>Result:
  <?cs var:result ?>

The backup:
  <?cs var:backup.url ?>
The log:
  <?cs var:job.url ?>

-- 
You get this because <?cs var:recipient ?> <?cs if:watches ?>watches <?cs var:project ?>/<?cs var:environment ?><?cs else ?>asked for this<?cs /if ?> in the console at
<?cs var:console ?>
