<?cs # restore_failed.html.cs: a restore, or its undo, came to nothing ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title><?cs if:undo ?>Undo<?cs elif:switched ?>Switch<?cs else ?>Restore<?cs /if ?> <?cs if:cancelled ?>cancelled<?cs else ?>FAILED<?cs /if ?>: <?cs var:target ?></title></head>
<body>
<p><?cs if:undo ?>The undo of a restore<?cs elif:switched ?>A switch<?cs else ?>A restore<?cs /if ?> <?cs if:cancelled ?>was cancelled<?cs else ?>failed<?cs /if ?>.
<?cs if:halfway ?>Not surely what it was before: <?cs var:halfway ?>. What can be switched
back is switched back by itself; the restore's page shows where it stands.
<?cs elif:undo ?>The restore itself stays as it is listed.<?cs if:undo_url ?> The undo can be asked for again.<?cs /if ?>
<?cs else ?>The target is as it was.
<?cs /if ?></p>
<?cs include!"mail/part_restore.html.cs" ?><?cs include!"mail/part_failed.html.cs" ?><p><a href="<?cs var:restore.url ?>">The restore</a></p>
<?cs if:undo_url ?><p><a href="<?cs var:undo_url ?>">Undo again</a></p>
<?cs /if ?><hr>
<p><small>You get this because <?cs var:recipient ?> <?cs if:watches ?>watches <?cs var:target ?><?cs else ?>asked for this<?cs /if ?> in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
