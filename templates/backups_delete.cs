<?cs # backups_delete.cs: are these to be deleted? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:none ?><p class="lead">None of the chosen backups can be deleted now.</p>
<?cs elif:one ?><p class="lead">One backup (<?cs call:size(bytes) ?>) moves to the trash. It can be put back for <?cs var:days ?>; then it is deleted for good.</p>
<?cs else ?><p class="lead"><?cs var:count ?> backups (<?cs call:size(bytes) ?>) move to the trash. They can be put back for <?cs var:days ?>; then they are deleted for good.</p>
<?cs /if ?><ul class="chosen">
<?cs each:b = backups ?><li><a href="<?cs var:b.href ?>"><?cs var:b.id ?></a>, <?cs var:b.created.date ?> <?cs call:state(b.state) ?><?cs if:b.note ?> <span class="note"><?cs var:b.note ?></span><?cs /if ?><?cs
if:b.building ?> — stays: it is still being created<?cs elif:b.keep ?> — stays: it is marked as kept<?cs elif:b.trashed ?> — is in the trash already<?cs /if ?></li>
<?cs /each ?></ul>
<form method="post" action="<?cs var:base ?>/delete"><?cs call:secret() ?><input type="hidden" name="confirm" value="1"><?cs each:b = backups ?><?cs if:b.deletable ?><input type="hidden" name="backup" value="<?cs var:b.id ?>"><?cs /if ?><?cs /each ?>
<div class="actions"><?cs if:!none ?><button type="submit" class="button is-danger">Delete <?cs if:one ?>this backup<?cs else ?>these <?cs var:count ?> backups<?cs /if ?></button> <?cs /if ?><a class="button" href="<?cs var:base ?>">Keep <?cs if:one ?>it<?cs else ?>them<?cs /if ?></a></div></form>
<?cs include!"foot.cs" ?>
