<?cs # backup_keep.cs: keep a backup for some days ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:until.iso ?><p class="lead">No rule deletes it before <?cs var:until.date ?> UTC.</p>
<?cs else ?><p class="lead">No rule deletes it within these days. A person may, at any time.</p>
<?cs /if ?><form class="panel narrow" method="post" action="<?cs var:backup.href ?>/keep-for"><?cs call:secret() ?>
<?cs call:input(days, "days", "Days from now", "0 to 3650. With 0 only the rule decides.", "number") ?>
<div class="actions"><?cs call:button("Keep it", "primary") ?> <a class="button" href="<?cs var:backup.href ?>">Cancel</a></div></form>
<?cs include!"foot.cs" ?>
