<?cs # storage_remove.cs: is this storage to be taken off the list? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p class="lead">Storage <?cs var:slug.value ?> (<?cs var:path.value ?>) is taken off the list, and its secret key is forgotten. Nothing in it is deleted. A storage in which backups lie stays.</p>
<form method="post" action="<?cs var:href ?>/remove"><?cs call:secret() ?><div class="actions"><button type="submit" class="button is-danger">Remove <?cs var:slug.value ?></button> <a class="button" href="<?cs var:href ?>">Keep it</a></div></form>
<?cs include!"foot.cs" ?>
