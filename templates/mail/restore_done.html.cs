<?cs # restore_done.html.cs: a backup is back in place, or was taken out again ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title><?cs if:undo ?>Undone<?cs elif:switched ?>Switched<?cs else ?>Restored<?cs /if ?>: <?cs var:target ?></title></head>
<body>
<p><?cs include!"mail/part_restored.cs" ?></p>
<?cs include!"mail/part_restore.html.cs" ?><?cs if:warnings ?><p>It has warnings (<?cs var:warnings ?>). The log names them.</p>
<?cs /if ?><?cs if:!undo && !switched && !beside ?><?cs if:subcount(kept) ?><p>Kept for an undo until <?cs var:kept_until ?>:</p>
<ul>
<?cs each:old = kept ?><li>the old <?cs var:old.service ?><?cs if:old.size ?> (<?cs var:old.size ?>)<?cs /if ?></li>
<?cs /each ?></ul>
<?cs elif:from_safety ?><p>The old is not kept beside the target; an undo restores the safety backup.</p>
<?cs else ?><p>Nothing is kept for an undo.</p>
<?cs /if ?><?cs if:undo_url ?><p><a href="<?cs var:undo_url ?>">Undo</a></p>
<?cs /if ?><?cs /if ?><p><a href="<?cs var:restore.url ?>">Details and log</a></p>
<hr>
<p><small>You get this because <?cs var:recipient ?> <?cs if:watches ?>watches <?cs var:target ?><?cs else ?>asked for this<?cs /if ?> in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
