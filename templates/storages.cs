<?cs # storages.cs: where backups lie ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:subcount(storages) ?><table class="list" role="table" aria-label="Storage">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Storage</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col" class="num">Backups</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col">Last look</th></tr></thead>
<tbody role="rowgroup">
<?cs each:s = storages ?><tr role="row">
<th role="rowheader" scope="row" data-label="Storage"><span><a href="<?cs var:s.href ?>"><?cs var:s.name ?></a><br><span class="muted"><?cs var:s.kind ?></span></span></th>
<td role="cell" data-label="State"><?cs call:state(s.state) ?></td>
<td role="cell" class="num" data-label="Backups"><?cs var:s.backups ?></td>
<td role="cell" class="num" data-label="Size"><?cs call:size(s.used) ?></td>
<td role="cell" data-label="Last look"><?cs if:s.checked.iso ?><?cs call:when(s.checked) ?><?cs else ?><span class="muted">—</span><?cs /if ?></td>
</tr>
<?cs /each ?></tbody></table>
<?cs else ?><div class="empty"><?cs call:empty("No storage yet", "It is set up on the server: lazarette admin init.") ?></div>
<?cs /if ?><?cs if:page.may.administer ?><div class="actions"><a class="button is-primary" href="/storage/new">Add a storage</a></div>
<?cs /if ?><?cs include!"foot.cs" ?>
