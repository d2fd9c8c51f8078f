<?cs # service_backups.cs: the backups that hold one service ?><?cs include!"macros.cs" ?><?cs include!"part_backup_row.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p>Only backups that hold <a href="<?cs var:service.href ?>"><?cs var:service.name ?></a>. <a href="<?cs var:page.env.href ?>/backups">All backups of <?cs var:env.label ?></a></p>
<?cs if:subcount(backups) ?><table class="list" role="table" aria-label="Backups of this service">
<?cs call:backup_head("") ?>
<tbody role="rowgroup">
<?cs each:b = backups ?><?cs call:backup_row(b, "") ?>
<?cs /each ?></tbody></table>
<?cs call:backup_acts() ?><?cs call:pager(pager) ?><?cs if:csv ?><p class="muted"><a href="<?cs var:csv ?>">CSV<span class="unseen"> of this list</span></a></p><?cs /if ?>
<?cs else ?><div class="empty"><?cs call:empty("No backups of this service", "Backups made before it was added do not hold it.") ?><div class="actions"><a class="button is-primary" href="<?cs var:page.env.href ?>/backups/new">Create backup</a></div></div>
<?cs /if ?><?cs include!"foot.cs" ?>
