<?cs # schedule_remove.cs: what becomes of the backups of a schedule that goes ?><?cs include!"macros.cs" ?><?cs include!"part_schedule.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<form class="panel narrow" method="post" action="<?cs var:s.href ?>/remove"><?cs call:secret() ?>
<p>“<?cs var:s.name ?>” of <?cs var:place ?> makes no more backups: <?cs call:schedule_when(s) ?>.</p>
<?cs if:count ?><fieldset><legend>Its <?cs var:count ?> backup<?cs if:count != "1" ?>s<?cs /if ?></legend>
<?cs call:radio("backups", "keep", "Keep them", "They stay listed, can be restored, and go when the retention says so.", "1") ?>
<?cs if:page.may.delete ?><?cs call:radio("backups", "delete", "Move them to the trash", "From there they can be put back for a few days. Those marked as kept stay.", "") ?><?cs /if ?></fieldset>
<?cs else ?><p class="muted">It has made no backups that are still there.</p>
<?cs /if ?><div class="actions"><?cs call:button("Remove the schedule", "danger") ?> <a class="button" href="<?cs var:base ?>/schedule">Cancel</a></div>
</form>
<?cs include!"foot.cs" ?>
