<?cs # service_new.cs: which kind of service? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p>What is to be backed up?</p>
<div class="grid">
<?cs each:k = engines ?><section class="card"><h2><?cs call:icon(k.icon) ?> <?cs var:k.title ?></h2><p><?cs var:k.about ?></p><div class="actions"><a class="button is-primary" href="<?cs var:k.href ?>">Add <?cs var:k.title ?></a></div></section>
<?cs /each ?></div>
<?cs include!"foot.cs" ?>
