<?cs # backup_note.cs: change the note of a backup ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<form class="panel narrow" method="post" action="<?cs var:backup.href ?>/note"><?cs call:secret() ?>
<?cs call:area(note, "note", "Note", "At most 500 characters. Empty takes it away.", "4") ?>
<div class="actions"><?cs call:button("Save note", "primary") ?> <a class="button" href="<?cs var:backup.href ?>">Cancel</a></div></form>
<?cs include!"foot.cs" ?>
