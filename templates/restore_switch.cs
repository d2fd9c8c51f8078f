<?cs # restore_switch.cs: are the new service and the one in use to change places? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:restore.is_out ?><p class="lead">Backup <?cs var:restore.backup.id ?> of <?cs var:restore.backup.env ?>, <?cs var:restore.backup.at.date ?> UTC, takes the place of what <?cs var:restore.target.label ?> has now.</p>
<?cs elif:restore.is_in ?><p class="lead"><?cs var:restore.target.label ?> gets back what it had before restore <?cs var:restore.id ?>.</p>
<?cs else ?><div class="notice is-warn" role="alert"><?cs call:icon("warning") ?><p>There is nothing to switch now: a switch is being put right, or what lay beside <?cs var:restore.target.label ?> was removed.</p></div>
<?cs /if ?><?cs if:restore.can.turn ?><ul>
<li>The two change places in a moment; nothing of either is lost. What <?cs var:restore.target.label ?> has now lies beside it afterwards.</li>
<li>What the application writes from then on goes into the one in use, and is not in the other one when you switch back.</li>
<li>Open connections to a database are ended. The hooks of <?cs var:restore.target.label ?> run before and after.</li>
<li>It concerns <?cs each:c = restore.parts ?><?cs if:!first(c) ?>, <?cs /if ?><strong><?cs var:c.name ?></strong><?cs /each ?>.</li>
</ul>
<form<?cs if:hands ?> class="panel narrow"<?cs /if ?> method="post" action="<?cs var:restore.href ?>/switch"><?cs call:secret() ?><input type="hidden" name="to" value="<?cs if:restore.is_out ?>in<?cs else ?>out<?cs /if ?>">
<?cs if:hands ?><?cs include!"part_hands.cs" ?><?cs /if ?><div class="actions"><button type="submit" class="button is-danger">Switch <?cs var:restore.target.label ?></button> <a class="button" href="<?cs var:restore.href ?>">Cancel</a></div></form>
<?cs /if ?><?cs include!"foot.cs" ?>
