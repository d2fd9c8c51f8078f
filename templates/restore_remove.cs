<?cs # restore_remove.cs: is what lies beside the service in use to go for good? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:restore.can.turn ?><p class="lead"><?cs if:restore.is_out ?>What restore <?cs var:restore.id ?> brought is removed. <?cs var:restore.target.label ?> stays as it is.<?cs else ?>What <?cs var:restore.target.label ?> had before restore <?cs var:restore.id ?> is removed. It stays with what the restore brought.<?cs /if ?></p>
<ul>
<?cs each:b = restore.beside ?><li><strong><?cs var:b.name ?></strong>: <?cs var:b.reads ?></li>
<?cs /each ?><li>This cannot be taken back: there is nothing to switch to afterwards. Backups that were made of it stay.</li>
</ul>
<form class="panel narrow" method="post" action="<?cs var:restore.href ?>/remove"><?cs call:secret() ?>
<?cs include!"part_hands.cs" ?><div class="actions"><button type="submit" class="button is-danger">Remove it</button> <a class="button" href="<?cs var:restore.href ?>">Keep it</a></div></form>
<?cs else ?><div class="notice is-warn" role="alert"><?cs call:icon("warning") ?><p>There is nothing to remove now: a switch is being put right, or it was removed already.</p></div>
<?cs /if ?><?cs include!"foot.cs" ?>
