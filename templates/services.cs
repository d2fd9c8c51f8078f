<?cs # services.cs: the services of an environment ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:subcount(services) ?><?cs if:page.may.configure ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/services/new"><?cs call:icon("plus") ?>Add a service</a></div>
<?cs /if ?><table class="list is-wide" role="table" aria-label="Services">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Service</th>
<th role="columnheader" scope="col">Kind</th>
<th role="columnheader" scope="col">Reads</th>
<th role="columnheader" scope="col">Connection</th>
<th role="columnheader" scope="col" class="num">Size</th>
<th role="columnheader" scope="col">Last backup</th>
<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:s = services ?><tr role="row">
<th role="rowheader" scope="row" data-label="Service"><?cs if:page.may.configure ?><a href="<?cs var:s.href ?>"><?cs var:s.name ?></a><?cs else ?><?cs var:s.name ?><?cs /if ?><?cs if:s.made.id ?><span class="why note">not in use: lies beside another, by <a href="<?cs var:s.made.href ?>"><?cs var:s.made.id ?></a></span><?cs /if ?></th>
<td role="cell" data-label="Kind"><span class="whole"><?cs call:icon(s.icon) ?> <?cs var:s.engine ?></span></td>
<td role="cell" class="wide" data-label="Reads"><?cs var:s.reads ?></td>
<td role="cell" data-label="Connection"><span><?cs call:state(s.check) ?><?cs if:s.checked.iso ?> <span class="ago" data-ago="<?cs var:s.checked.iso ?>"><?cs var:s.checked.ago ?></span><?cs /if ?></span></td>
<td role="cell" class="num" data-label="Size"><?cs call:size(s.size) ?></td>
<td role="cell" data-label="Last backup"><?cs if:s.last.id ?><span><a href="<?cs var:s.last.href ?>"><?cs var:s.last.id ?></a> <?cs call:when(s.last.at) ?></span><?cs else ?><span class="muted">never</span><?cs /if ?></td>
<td role="cell"><div class="actions"><?cs if:page.may.restore && s.restore ?><a class="button" href="<?cs var:s.restore ?>">Restore latest<span class="unseen"> backup of <?cs var:s.name ?></span></a><?cs /if ?><a class="button" href="<?cs var:s.href ?>/backups">Backups<span class="unseen"> of <?cs var:s.name ?></span></a><?cs if:page.may.backup ?><?cs call:act(s.href + "/check", "Test", "") ?><?cs /if ?></div></td>
</tr>
<?cs /each ?></tbody></table>
<?cs else ?><div class="empty"><?cs call:empty("No services yet", "A service is one thing to back up: a database, or folders of files.") ?><?cs if:page.may.configure ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/services/new"><?cs call:icon("plus") ?>Add a service</a></div><?cs /if ?></div>
<?cs /if ?><p class="muted"><a href="/help/services">What each kind of service needs</a></p>
<?cs include!"foot.cs" ?>
