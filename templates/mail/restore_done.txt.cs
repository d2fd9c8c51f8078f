<?cs # restore_done.txt.cs: a backup is back in place, or was taken out again ?><?cs include!"mail/part_restored.cs" ?>

<?cs include!"mail/part_restore.txt.cs" ?><?cs if:warnings ?>It has warnings (<?cs var:warnings ?>). The log names them.

<?cs /if ?><?cs if:!undo && !switched && !beside ?><?cs if:subcount(kept) ?>Kept for an undo until <?cs var:kept_until ?>:
<?cs each:old = kept ?>  the old <?cs var:old.service ?><?cs if:old.size ?> (<?cs var:old.size ?>)<?cs /if ?>
<?cs /each ?><?cs elif:from_safety ?>The old is not kept beside the target; an undo restores the safety backup.
<?cs else ?>Nothing is kept for an undo.
<?cs /if ?><?cs if:undo_url ?>Undo:
  <?cs var:undo_url ?>
<?cs /if ?>
<?cs /if ?>Details and log:
  <?cs var:restore.url ?>

-- 
You get this because <?cs var:recipient ?> <?cs if:watches ?>watches <?cs var:target ?><?cs else ?>asked for this<?cs /if ?> in the console at
<?cs var:console ?>
