<?cs # part_note.html.cs: the note of a backup, quoted ?><?cs if:subcount(note) ?><p>Note:</p>
<blockquote><?cs each:line = note ?><?cs var:line ?><br>
<?cs /each ?></blockquote><?cs /if ?>
