<?cs # backup_delete.cs: is this backup to be deleted? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p class="lead">Backup <?cs var:backup.id ?> of <?cs var:env.label ?>, <?cs var:backup.created.date ?> UTC, moves to the trash. Until <?cs var:gone.date ?> UTC it can be put back; then it is deleted for good.</p>
<dl class="facts panel">
<dt>Status</dt><dd><?cs call:state(backup.state) ?></dd>
<dt>Contents</dt><dd><?cs var:backup.contents ?>, <?cs call:size(backup.size) ?></dd>
<dt>Note</dt><dd><?cs if:backup.note ?><span class="note"><?cs var:backup.note ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></dd>
<?cs if:env.good.id == backup.id ?><dt>Mind</dt><dd><?cs call:icon("warning") ?>It is the newest good backup of <?cs var:env.label ?>.</dd>
<?cs /if ?></dl>
<form method="post" action="<?cs var:backup.href ?>/delete"><?cs call:secret() ?><div class="actions"><button type="submit" class="button is-danger">Delete backup <?cs var:backup.id ?></button> <a class="button" href="<?cs var:backup.href ?>">Keep it</a></div></form>
<?cs include!"foot.cs" ?>
