<?cs # restore_undo.cs: is this restore to be taken back? ?><?cs include!"macros.cs" ?><?cs def:since() ?><?cs if:restore.finished.iso ?> (<?cs var:restore.finished.date ?> UTC)<?cs /if ?><?cs /def ?><?cs include!"head.cs" ?>
<p class="lead">Restore <?cs var:restore.id ?> brought backup <?cs var:restore.backup.id ?> into <?cs var:restore.target.label ?>. Undo makes it what it was before.</p>
<ul>
<?cs if:restore.by_switch ?><li>What was there before is kept beside it and is switched back in. This takes a moment.</li>
<?cs else ?><li>It is restored from the safety backup <?cs if:restore.safety.id ?><a href="<?cs var:restore.safety.href ?>"><?cs var:restore.safety.id ?></a><?cs /if ?>. This takes about as long as a restore.</li>
<?cs /if ?><?cs each:c = restore.parts ?><li><?cs var:restore.target.label ?> · <?cs var:c.name ?>: <?cs if:restore.by_switch && c.alone ?>only what was restored goes back (<span class="note"><?cs var:c.choice ?></span>). What changed in it after the restore<?cs call:since() ?> will be lost; the rest stays.<?cs elif:restore.by_switch ?>everything that changed after the restore<?cs call:since() ?> will be lost.<?cs else ?>everything that changed since the safety backup was taken, before the restore began, will be lost<?cs if:c.choice ?>, for all of it goes back, not only what was chosen<?cs /if ?>.<?cs /if ?><?cs if:c.kept.text ?> <?cs call:size(c.kept) ?> come back.<?cs /if ?></li>
<?cs /each ?></ul>
<form<?cs if:restore.target.live || !restore.by_switch ?> class="panel narrow"<?cs /if ?> method="post" action="<?cs var:restore.href ?>/undo"><?cs call:secret() ?>
<?cs if:restore.target.live || !restore.by_switch ?><?cs include!"part_hands.cs" ?><?cs /if ?><div class="actions"><button type="submit" class="button is-danger">Undo restore <?cs var:restore.id ?></button> <a class="button" href="<?cs var:restore.href ?>">Keep it</a></div></form>
<?cs include!"foot.cs" ?>
