<?cs # restore_failed.txt.cs: a restore, or its undo, came to nothing ?><?cs if:undo ?>The undo of a restore<?cs elif:switched ?>A switch<?cs else ?>A restore<?cs /if ?> <?cs if:cancelled ?>was cancelled<?cs else ?>failed<?cs /if ?>.
<?cs if:halfway ?>Not surely what it was before: <?cs var:halfway ?>. What can be switched
back is switched back by itself; the restore's page shows where it stands.
<?cs elif:undo ?>The restore itself stays as it is listed.<?cs if:undo_url ?> The undo can be asked for again.<?cs /if ?>
<?cs else ?>The target is as it was.
<?cs /if ?>
<?cs include!"mail/part_restore.txt.cs" ?><?cs include!"mail/part_failed.txt.cs" ?>
The restore:
  <?cs var:restore.url ?>
<?cs if:undo_url ?>
Undo again:
  <?cs var:undo_url ?>
<?cs /if ?>
-- 
You get this because <?cs var:recipient ?> <?cs if:watches ?>watches <?cs var:target ?><?cs else ?>asked for this<?cs /if ?> in the console at
<?cs var:console ?>
