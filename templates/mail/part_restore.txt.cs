<?cs # part_restore.txt.cs: which backup went where ?>  Restore:      <?cs var:restore.id ?> (<?cs var:restore.mode ?>)
  Backup:       <?cs var:backup.id ?> of <?cs var:source ?>, made <?cs var:taken ?>
  Target:       <?cs var:target ?>
  Asked for by: <?cs var:requested_by ?>
<?cs if:duration ?>  Took:         <?cs var:duration ?>
<?cs /if ?><?cs if:finished ?>  Ended:        <?cs var:finished ?>
<?cs /if ?><?cs if:real_data ?>  Landing:      an administrator let real data in without landing rules
<?cs /if ?><?cs if:safety.id ?>  Safety:       <?cs var:safety.id ?>, the backup of the target made just before
                <?cs var:safety.url ?>
<?cs /if ?>
Parts:
<?cs each:part = parts ?>  <?cs var:part.from ?> into <?cs var:part.service ?>, <?cs var:part.size ?><?cs if:part.chosen ?>, only what was chosen of it<?cs /if ?>
<?cs /each ?>
