<?cs # part_note.txt.cs: the note of a backup, quoted ?><?cs if:subcount(note) ?>
Note:
<?cs each:line = note ?>  > <?cs var:line ?>
<?cs /each ?><?cs /if ?>
